"""Experiment active_trained."""
