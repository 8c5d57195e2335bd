"""Experiment rainbow_samples."""
