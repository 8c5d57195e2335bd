"""Experiment cca_mnist."""
