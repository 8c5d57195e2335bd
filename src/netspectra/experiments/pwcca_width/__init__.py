"""Do wider networks find more alike representations? (PWCCA notes)."""
