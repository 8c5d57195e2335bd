"""Experiment align_components."""
