"""Experiment svcca_cross_model."""
