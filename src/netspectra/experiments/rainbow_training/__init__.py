"""Experiment rainbow_training."""
