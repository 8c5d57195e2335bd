"""Settings of pwcca_generalize."""

from netspectra.blocks import Batch, Experiment, OneNetwork


class Settings(Experiment):
    """Distances within and between networks trained on true labels and on permuted ones (PWCCA notes)."""

    networks: OneNetwork
    batch: Batch
