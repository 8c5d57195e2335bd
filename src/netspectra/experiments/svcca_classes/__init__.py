"""Experiment svcca_classes."""
