"""Spectra and what they are held against in one place, for readers; the package imports each from where it is defined.

Eigenvalues and effective dimension are in `eigenspectra`, the random-matrix null in `random_matrices`, power laws in
`power_laws`.
"""

from netspectra.measures.eigenspectra import (
    Spectrum,
    eigenspectrum,
    enough_samples,
    participation_ratio,
    weight_spectrum,
)
from netspectra.measures.power_laws import PowerLaw, density_power_law, power_law
from netspectra.measures.random_matrices import (
    bulk_variance,
    marchenko_pastur_density,
    marchenko_pastur_edges,
    marchenko_pastur_spectrum,
)

__all__ = [
    "PowerLaw",
    "Spectrum",
    "bulk_variance",
    "density_power_law",
    "eigenspectrum",
    "enough_samples",
    "marchenko_pastur_density",
    "marchenko_pastur_edges",
    "marchenko_pastur_spectrum",
    "participation_ratio",
    "power_law",
    "weight_spectrum",
]
