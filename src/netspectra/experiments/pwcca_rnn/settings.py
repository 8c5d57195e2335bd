"""Settings of pwcca_rnn."""

from pydantic import Field

from netspectra.blocks import Batch, Experiment, Fraction, OneNetwork, Positive, Seed


class Settings(Experiment):
    """Distances of the layers of LSTM language models from what they are in the end (PWCCA notes)."""

    networks: OneNetwork
    batch: Batch
    windows: Positive = Field(description="Test windows whose every step is a sample")
    share: Fraction = Field(description="Share of the checkpoints at which the first layer must be nearest its end")
    seed: Seed
