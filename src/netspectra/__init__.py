"""netspectra: every figure, number and claim of five documents on neural representations."""

__version__ = "0.1.0"
