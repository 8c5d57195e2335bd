"""In which dimension of what flows the nodes of a layer stand, and which layers treat every sample alone."""

from torch import nn

from netspectra.networks.places import chain, computes, plain
from netspectra.networks.taps import numbered

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
POOLING = tuple(
    getattr(nn, f"{adaptive}{kind}Pool{n}d")
    for kind in ("Max", "Avg")
    for adaptive in ("", "Adaptive")
    for n in (1, 2, 3)
)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
MAP_NORMS = (nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
VECTOR_NORMS = (nn.LayerNorm, nn.RMSNorm)
ELEMENTWISE = (
    nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid,
    nn.LogSigmoid, nn.Tanh, nn.Tanhshrink, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish, nn.Hardshrink, nn.Softshrink,
    nn.Softplus, nn.Softsign, nn.Threshold,
)  # fmt: skip
DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
SEQUENCES = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.MultiheadAttention)
CHANNELS_SECOND = (*CONVOLUTIONS, *POOLING, *BATCH_NORMS, *MAP_NORMS)
NODES_LAST = (nn.Linear, nn.Embedding, *VECTOR_NORMS, *SEQUENCES)
# In evaluation mode; batch normalisation only with statistics of its own.
SAMPLES_ALONE = (*CHANNELS_SECOND, nn.Linear, nn.Embedding, *VECTOR_NORMS, *ELEMENTWISE, *DROPOUT)


def dimension(network: nn.Module, place: str, shape: tuple[int, ...], width: int) -> int:
    """The dimension of what leaves a place in which its nodes stand.

    Channels stand second in feature maps, nodes last in vectors, tokens and time steps. The layer at the place says
    which it is, or the last one before it in a chain that does; where none says, the one that has the width.

    Args:
        network: Where the place is.
        place: As in `places.read`.
        shape: Of what leaves, (samples, ...).
        width: Number of nodes.

    Raises:
        ValueError: No dimension has the width, or two have it and nothing says which is meant.
    """
    second = 1 if _second(network, place) else len(shape) - 1
    if len(shape) == 2 or _second(network, place) is not None:
        fitting, wanted = [second] if shape[second] == width else [], f"{shape[second]}"
    else:
        fitting = [d for d in (1, len(shape) - 1) if shape[d] == width]
        wanted = f"{shape[1]} (channels) or {shape[-1]} (tokens)"
    if not fitting:
        raise ValueError(f"masks[{place}]: wanted width {wanted}, found {width}")
    if len(fitting) > 1:
        raise ValueError(
            f"masks[{place}]: wanted a place whose layer says where its {width} nodes stand, found {tuple(shape)} "
            "leaving; name the layer with weights or the normalisation before it"
        )
    return fitting[0]


def unflattened(network: nn.Module, name: str) -> str:
    """The place where what enters a stage of a chain does so as feature maps: the Flatten before it, or the stage.

    Dropout, which does nothing in evaluation mode, may stand between.
    """
    stages = chain(network)
    place = next((i for i, (stage, _) in enumerate(stages) if stage == name), 0)
    for before, module in reversed(stages[:place]):
        if plain(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1):
            return before
        if not plain(module, *DROPOUT):
            break
    return name


def samples_alone(network: nn.Module) -> bool:
    """Whether a network is a chain of layers that, in evaluation mode, treat every sample alone and stand first."""
    return all(_sample_alone(stage) for _, stage in chain(network))


def _sample_alone(stage: nn.Module) -> bool:
    if plain(stage, *BATCH_NORMS):
        return stage.running_mean is not None
    if plain(stage, nn.Flatten):
        return stage.start_dim >= 1
    return plain(stage, *SAMPLES_ALONE)


def _second(network: nn.Module, place: str) -> bool | None:
    """Whether channels stand second in what leaves a place; None where no layer says."""
    stages = dict(chain(network))
    name = place if place in stages else numbered(place)[0]
    before = [name]
    if name in stages:
        before = list(stages)[: list(stages).index(name) + 1]
    for key in reversed(before):
        module = stages[key] if key in stages else network.get_submodule(key)
        if computes(module, *CHANNELS_SECOND):
            return True
        if computes(module, *NODES_LAST):
            return False
        if not computes(module, *ELEMENTWISE, *DROPOUT):
            return None
    return None
