"""Networks that generalise, and networks that memorise: do they find the same representations? (PWCCA notes)."""
