"""Experiment own: a network that this project has never seen, under the lenses."""
