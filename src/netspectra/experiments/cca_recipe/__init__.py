"""Experiment cca_recipe."""
