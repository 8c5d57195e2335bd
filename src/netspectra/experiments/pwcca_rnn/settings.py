"""Settings of pwcca_rnn."""

from pydantic import Field

from netspectra.blocks import Above, Batch, Experiment, OneNetwork, Positive, Seed


class Settings(Experiment):
    """Distances of the layers of LSTM language models from what they are in the end (PWCCA notes)."""

    networks: OneNetwork
    batch: Batch
    windows: Positive = Field(description="Test windows whose every step is a sample")
    gap: Above = Field(description="How much nearer its end the first layer must be than all others, to count")
    seed: Seed
