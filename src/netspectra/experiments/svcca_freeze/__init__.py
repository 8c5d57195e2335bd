"""Experiment svcca_freeze."""
