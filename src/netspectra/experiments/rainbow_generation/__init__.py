"""Experiment rainbow_generation."""
