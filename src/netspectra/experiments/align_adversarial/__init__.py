"""Experiment align_adversarial."""
