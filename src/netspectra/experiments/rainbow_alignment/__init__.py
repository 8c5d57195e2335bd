"""Experiment rainbow_alignment."""
