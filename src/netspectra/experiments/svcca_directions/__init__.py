"""Experiment svcca_directions."""
