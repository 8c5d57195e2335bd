"""Lenses: a measure looking at a network."""
