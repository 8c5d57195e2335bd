"""Networks of many kinds with data, beside those of `readers`."""

import torch
from torch import nn


class Grouped(nn.Module):
    """Grouped, dilated and strided convolutions of one and two dimensions."""

    def __init__(self):
        super().__init__()
        self.grouped = nn.Conv2d(4, 8, 3, groups=4, padding=1)
        self.dilated = nn.Conv2d(8, 6, 3, dilation=2, stride=2, groups=2)
        self.along = nn.Conv1d(6, 5, 2, padding=1)
        self.fc = nn.Linear(5, 3)

    def forward(self, x):
        x = self.dilated(self.grouped(x).relu()).relu()
        return self.fc(self.along(x.flatten(2)).relu().mean(2))


class Reused(nn.Module):
    """One layer called twice, one never, one shared under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(5, 6)
        self.again = nn.Linear(6, 6)
        self.never = nn.Linear(6, 6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = self.first(x).relu()
        for _ in range(2):
            x = self.again(x).relu()
        return self.fc(x)


class Output:
    """What networks of transformers return: an object with logits."""

    def __init__(self, logits):
        self.logits = logits


class Tagger(nn.Module):
    """A class for every token, through an embedding and two layers that treat every token alone."""

    def __init__(self, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(12, 6)
        self.mlp = nn.Linear(6, 7)
        self.fc = nn.Linear(7, classes)

    def forward(self, input_ids, attention_mask=None):
        return Output(self.fc(self.mlp(self.embedding(input_ids)).tanh()))


def seeded(build, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def vectors(samples=40, d=5, classes=3, seed=1, batch=16):
    """Batches (x, y) of vectors."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(samples, d, generator=generator), torch.randint(classes, (samples,), generator=generator)
    return [(x[i : i + batch], y[i : i + batch]) for i in range(0, samples, batch)]


def sentences(samples=24, steps=6, seed=2):
    """Batches as mappings, padded at random lengths with token 0."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, steps + 1, (samples, 1), generator=generator)
    mask = (torch.arange(steps) < lengths).long()
    tokens = torch.randint(1, 12, (samples, steps), generator=generator) * mask
    labels = torch.randint(4, (samples, steps), generator=generator)
    halves = (slice(0, samples // 2), slice(samples // 2, samples))
    return [{"input_ids": tokens[s], "attention_mask": mask[s], "labels": labels[s]} for s in halves]


def values(view, lens, quantity, layer=None):
    """Numbers of a table in order."""
    table = view.table
    chosen = table[(table.lens == lens) & (table.quantity == quantity)]
    return torch.tensor((chosen if layer is None else chosen[chosen.layer == layer]).value.to_numpy())


def value(view, lens, quantity, layer=""):
    (found,) = values(view, lens, quantity, layer).tolist()
    return found
