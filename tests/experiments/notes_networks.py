"""Small networks of the notes' architectures with planted weights, their images, and what analyses are given."""

import importlib
from types import SimpleNamespace

import torch

from netspectra.data.images import Dataset, Split
from netspectra.experiments.measuring import Given
from netspectra.figures import style
from netspectra.networks.checkpoints import Networks, prefixed
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.zoo import build
from netspectra.statistics.claims import published
from netspectra.workflow.layout import claims_of

CONVNET = {"type": "convnet", "channels": [3, 2, 2, 3, 3, 3], "hidden": [6, 5], "image": 8, "classes": 4}
WIDER = CONVNET | {"channels": [3, 6, 6, 8, 8, 8]}
RESNET = {"type": "resnet", "depth": 8, "channels": [3, 2, 3, 4], "classes": 4}
CLASSES = ("cat", "dog", "ship", "truck")


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def split(samples, seed, labels=None):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (samples, 3, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.arange(samples) % len(CLASSES) if labels is None else labels
    return Split(images, labels, torch.eye(3) / 128, torch.full((3,), -1.0))


def dataset(train=120, test=100):
    return Dataset(split(train, 0), split(test, 1), CLASSES, "none")


def initial(architecture, seeds):
    """Fresh networks whose normalisation has statistics of its own."""
    return Ensemble.initial(architecture, seeds).state


def trained(architecture, states, variants=None, **settings):
    """A network file: {(variant, fraction or None for the end): state}, with a history that rises."""
    variants = variants or {variant: {} for variant, _ in states}
    times = sorted({at for _, at in states if at is not None})
    block = {"architecture": architecture, "variants": variants, "snapshots": times, "freeze": [], "epochs": 2}
    tensors = {}
    for (variant, at), state in states.items():
        where = f"final/{variant}/" if at is None else f"snapshot/{at:g}/{variant}/"
        tensors |= prefixed(where, state)
        count = len(next(iter(state.values())))
        tensors |= prefixed(f"history/{variant}/", history(count, settings.get("ends", {}).get(variant)))
    return Networks(block, tensors)


def history(count, ends=None):
    """Four minibatches and three tests; accuracies rise in a straight line to what they are at the end."""
    ends = torch.full((count,), 0.8) if ends is None else torch.tensor(ends)
    found = {"step": torch.arange(4), "test/step": torch.tensor([0, 2, 4])}
    found |= {"loss": torch.linspace(1, 0, 4)[:, None].repeat(1, count), "test/loss": torch.zeros(3, count)}
    rising = torch.linspace(0, 1, 3)[:, None] * ends
    return found | {"accuracy": torch.linspace(0, 1, 4)[:, None].repeat(1, count), "test/accuracy": rising}


def given(settings, data=None, **networks):
    """What an analysis is given, with images at hand."""
    found = Given(settings, networks)
    return SimpleNamespace(**vars(found), data=lambda *_: data or dataset())


def planted(count=3, images=400):
    """Networks in which fc1 turns two shared signals and four louder ones of its own, and reads the two alone.

    Their lower layers are one, so the signals are the same in all; labels are what they all say. Returns the networks
    and their images.
    """
    state = {name: t.repeat_interleave(count, 0) for name, t in initial(WIDER, [0]).items()}
    state |= {name: 4 * t for name, t in state.items() if name.endswith("conv.weight")}
    signals = draw(2, 32, seed=1)
    turns = torch.stack([torch.linalg.qr(draw(6, 6, seed=10 + i)).Q for i in range(count)])
    own = torch.stack([torch.cat([signals, 3 * draw(4, 32, seed=20 + i)]) for i in range(count)])
    state["fc1.linear.weight"] = turns.mT @ own
    state["fc1.linear.bias"] = torch.full((count, 6), 900.0)  # so that the ReLU never cuts
    state["fc2.linear.weight"] = draw(5, 2, seed=2) @ turns[:, :2]
    state["fc2.linear.bias"] = 900 - state["fc2.linear.weight"].sum(2) * 900
    state["logits.weight"] = 3 * draw(4, 5, seed=3).expand(count, 4, 5)
    state["logits.bias"] = torch.zeros(count, 4)
    networks = trained(WIDER, {("base", None): _centred(state, split(images, 0))})
    first = networks.stack("base").single(0)
    said = [first(split(images, seed).batch(slice(None))[0]).argmax(1) for seed in (0, 1)]
    return networks, Dataset(split(images, 0, said[0]), split(images, 1, said[1]), CLASSES, "none")


def _centred(state, images):
    """The same networks with logits about zero, so that all classes occur."""
    x, _ = images.batch(slice(None))
    for i in range(len(state["logits.bias"])):
        state["logits.bias"][i] = -Ensemble.from_state(build(WIDER), state).single(i)(x).mean(0)
    return state


def drawn(experiment, table, settings, figures=1):
    """The figure of an experiment, or its figures, with its published values."""
    style.use()
    module = importlib.import_module(f"netspectra.experiments.{experiment}.plot")
    found = list(module.draw(table, settings, published(claims_of(experiment))).values())
    assert len(found) == figures
    for figure in found:
        figure.canvas.draw()
    return found[0] if figures == 1 else found


def diamonds(figure):
    """How many published values are drawn."""
    return sum(len(line.get_xdata()) for axes in figure.axes for line in axes.lines if line.get_marker() == "D")
