"""Experiment align_training."""
