"""Experiment svcca_dft."""
