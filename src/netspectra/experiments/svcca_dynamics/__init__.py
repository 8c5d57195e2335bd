"""Experiment svcca_dynamics."""
