"""The CCA family in one place, for readers; the package imports each from where it is defined.

Canonical correlations are in `canonical`, whitening in `whitening`, what noise gives at the same size in
`cca_inference`, rows that share an input in `dependence`, convolutional layers in `dft_cca`, kernel alignment in `cka`.
"""

from netspectra.measures.canonical import CCA, PWCCA, all_pairs, cca, correlate, mean_correlation, pwcca, svcca
from netspectra.measures.cca_inference import (
    PermutationNull,
    bartlett_rank,
    bartlett_tests,
    null_edge,
    null_edges,
    null_mean,
    permutation_null,
)
from netspectra.measures.cka import cka
from netspectra.measures.dependence import effective_samples
from netspectra.measures.dft_cca import DFTCCA, dft_cca
from netspectra.measures.whitening import Whitened, principal, whiten

__all__ = [
    "CCA",
    "DFTCCA",
    "PWCCA",
    "PermutationNull",
    "Whitened",
    "all_pairs",
    "bartlett_rank",
    "bartlett_tests",
    "cca",
    "cka",
    "correlate",
    "dft_cca",
    "effective_samples",
    "mean_correlation",
    "null_edge",
    "null_edges",
    "null_mean",
    "permutation_null",
    "principal",
    "pwcca",
    "svcca",
    "whiten",
]
