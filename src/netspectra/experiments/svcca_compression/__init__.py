"""Experiment svcca_compression."""
