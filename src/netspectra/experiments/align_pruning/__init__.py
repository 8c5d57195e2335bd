"""Experiment align_pruning."""
