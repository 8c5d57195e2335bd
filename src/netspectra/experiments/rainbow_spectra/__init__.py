"""Experiment rainbow_spectra."""
