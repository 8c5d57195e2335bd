"""Experiment cca_toy."""
