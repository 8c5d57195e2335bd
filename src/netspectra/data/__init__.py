"""Data: fetched, checked, decoded, prepared, and read batch by batch."""
