"""Do networks trained at different rates fall into clusters? (PWCCA notes)."""
