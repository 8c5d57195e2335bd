"""Data of every form give the same numbers, and padding never counts."""

import pytest
import torch
from own_networks import Output, Tagger, seeded, sentences, value, vectors
from torch import nn

import netspectra
from netspectra.errors import NetspectraError
from netspectra.own.batches import Hooks, taken_apart


class Named(nn.Module):
    """Takes its input by name and returns one of several forms."""

    def __init__(self, form="tensor"):
        super().__init__()
        self.fc1, self.fc2, self.form = nn.Linear(5, 6), nn.Linear(6, 3), form

    def forward(self, x):
        out = self.fc2(self.fc1(x).relu())
        return {"tensor": out, "tuple": (out, x), "mapping": {"logits": out}, "object": Output(out)}[self.form]


FORMS = {
    "pairs": lambda x, y: (x, y),
    "lists": lambda x, y: [x, y],
    "numpy": lambda x, y: (x.numpy(), y.numpy()),
    "mapping": lambda x, y: {"x": x, "labels": y},
    "other key": lambda x, y: {"pixels": x, "label": y},
    "mapping in a pair": lambda x, y: ({"x": x}, y),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_batch_gives_the_same_numbers(form):
    batches = vectors(40)
    wanted = netspectra.lens(seeded(Named), batches, null=2)
    found = netspectra.lens(seeded(Named), [FORMS[form](x, y) for x, y in batches], null=2)
    assert found.table.equals(wanted.table)
    assert not len(found.skipped[found.skipped.lens != "rainbow"])


@pytest.mark.parametrize("form", ["tuple", "mapping", "object"])
def test_every_form_of_output_gives_the_same_numbers(form):
    batches = vectors(40)
    wanted = netspectra.lens(
        seeded(Named), batches, null=2, lenses=["spectra", "clipping", "attack", "active_subspace"]
    )
    found = netspectra.lens(
        seeded(lambda: Named(form)), batches, null=2, lenses=["spectra", "clipping", "attack", "active_subspace"]
    )
    assert found.table.equals(wanted.table)


def test_hooks_say_what_is_what():
    batches = vectors(40)
    odd = [(y, x, "name") for x, y in batches]
    net = netspectra.wrap(
        seeded(lambda: Named("tuple")),
        inputs=lambda batch: batch[1],
        labels=lambda batch: batch[0],
        logits=lambda output: output[0] + 1,
    )
    wanted = netspectra.lens(seeded(Named), batches, null=2, lenses=["spectra", "clipping"])
    assert netspectra.lens(net, odd, null=2, lenses=["spectra", "clipping"]).table.equals(wanted.table)
    with pytest.raises(NetspectraError, match=r"found a tuple of 3\nRemedy: say where they are: netspectra\.wrap"):
        netspectra.lens(seeded(Named), odd)


def test_without_labels_what_needs_them_is_named():
    view = netspectra.lens(seeded(Named), [x for x, _ in vectors(40)], null=2)
    assert set(view.table.lens) == {"alignment", "spectra", "similarity"}
    skipped = view.skipped.set_index("lens").why
    assert set(skipped.index) == {"clipping", "pruning", "attack", "rainbow", "active_subspace"}
    assert all(why.startswith("the data have no labels; give pairs") for why in skipped)


def test_labels_that_are_no_classes():
    view = netspectra.lens(seeded(Named), [(x, x[:, :3]) for x, _ in vectors(40)], null=2)
    assert "the labels are torch.float32, and accuracy wants classes" in set(view.skipped.why)


def unpadded():
    """Every sentence alone, without its padding."""
    for batch in sentences():
        for tokens, mask, labels in zip(*batch.values(), strict=True):
            n = int(mask.sum())
            yield {"input_ids": tokens[None, :n], "attention_mask": mask[None, :n], "labels": labels[None, :n]}


@pytest.mark.parametrize("tokens", [None, "all", "last", "mean"])
def test_padding_never_counts(tokens):
    alone = list(unpadded())
    lenses = ["alignment", "spectra", "similarity", "clipping", "pruning", "active_subspace"]
    found = netspectra.lens(seeded(Tagger), sentences(), tokens=tokens, lenses=lenses, null=0)
    wanted = netspectra.lens(seeded(Tagger), alone, tokens=tokens, lenses=lenses, null=0)
    key = ["lens", "layer", "quantity", "x"]
    both = found.table.merge(wanted.table, on=key)
    assert len(both) == len(found.table) == len(wanted.table)
    both = both[both.quantity != "activation_dimension_corrected"]  # about the mean of the first batch
    assert both.value_x.to_numpy() == pytest.approx(both.value_y.to_numpy(), rel=1e-6, abs=1e-7, nan_ok=True)
    assert value(found, "spectra", "activation_samples", "mlp") == 24


def test_the_last_token_is_the_last_that_counts():
    acts = netspectra.wrap(seeded(Tagger)).record(sentences(), tokens="last")
    with torch.no_grad():
        wanted = torch.cat([seeded(Tagger)(batch["input_ids"]).logits[:, -1] for batch in unpadded()])
    torch.testing.assert_close(torch.from_numpy(acts["fc"].values), wanted)
    assert acts["fc"].inputs.tolist() == list(range(24))


def test_a_mask_of_the_callers_own_and_one_that_does_not_fit():
    batches = [{"input_ids": b["input_ids"], "labels": b["labels"], "keep": b["attention_mask"]} for b in sentences()]
    wanted = netspectra.lens(seeded(Tagger), sentences(), lenses="spectra")
    assert netspectra.lens(seeded(Tagger), batches, lenses="spectra", mask=lambda b: b["keep"]).table.equals(
        wanted.table
    )
    with pytest.raises(NetspectraError, match=r"mask: wanted shape \(samples, tokens\) of 12 samples, found \(24,\)"):
        netspectra.lens(seeded(Tagger), batches, mask=lambda b: torch.ones(24))
    view = netspectra.lens(seeded(Tagger), batches, lenses="spectra", mask=lambda b: torch.ones(12, 5))
    assert "its 6 positions do not fit the 5 tokens of the mask" in view.skipped.why.iloc[0]


def test_a_language_model_that_shifts_its_labels():
    batches = [{"input_ids": b["input_ids"], "attention_mask": b["attention_mask"]} for b in sentences()]
    network = seeded(lambda: Tagger(classes=12))
    net = netspectra.wrap(
        network,
        labels=lambda b: b["input_ids"][:, 1:].masked_fill(b["attention_mask"][:, 1:] == 0, -100),
        logits=lambda output: output.logits[:, :-1],
    )
    found = net.clip(batches, layers="mlp", ranks=[6])
    with torch.no_grad():
        told = [network(b["input_ids"][:, :-1]).logits.argmax(-1) == b["input_ids"][:, 1:] for b in batches]
    counted = torch.cat([b["attention_mask"][:, 1:] for b in batches]).bool()
    assert found.value.tolist() == [float(torch.cat(told)[counted].double().mean())]


def test_time_that_stands_first():
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.fc = nn.LSTM(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.fc(self.lstm(x)[0][-1])

    x, y = torch.randn(5, 20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 2
    acts = netspectra.wrap(seeded(Steps)).record([(x, y)])
    with torch.no_grad():
        wanted = seeded(Steps).lstm(x)[0].transpose(0, 1).flatten(0, 1)
    torch.testing.assert_close(torch.from_numpy(acts["lstm"].values), wanted)
    assert acts["lstm"].inputs.tolist() == [i for i in range(20) for _ in range(5)]


def test_samples_bound_what_is_read():
    batch = taken_apart(vectors(40, batch=40)[0], Hooks(), seeded(Named))
    assert batch.first(7).samples == 7
    assert len(batch.first(7).labels) == 7
    view = netspectra.lens(seeded(Named), vectors(40), samples=21, lenses="spectra")
    assert value(view, "spectra", "activation_samples", "fc1") == 21
