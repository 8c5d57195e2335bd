"""Experiment active_choices."""
