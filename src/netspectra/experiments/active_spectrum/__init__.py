"""Experiment active_spectrum."""
