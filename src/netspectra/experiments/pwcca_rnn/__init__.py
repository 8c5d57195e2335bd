"""Which layers of a recurrent network settle first, and how its state moves along a sequence (PWCCA notes)."""
