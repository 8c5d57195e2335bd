"""Tasks: losses, accuracies and evaluation against straightforward computations, and which data they read."""

import pytest
import torch
from safetensors.torch import save_file
from small_runs import LSTM, PERCEPTRON, images, text
from torch.nn import functional as F

from netspectra.data import tokens
from netspectra.data.images import Dataset
from netspectra.data.tasks import load
from netspectra.networks.ensembles import Ensemble
from netspectra.training.tasks import accuracies, evaluate, losses


@pytest.mark.parametrize("shape", [(3, 6), (3, 6, 4)])
def test_losses_and_accuracies_are_means_over_all_targets(shape):
    torch.manual_seed(0)
    outputs, own = torch.randn(*shape, 5), torch.randint(5, shape)
    for targets in (own, own[0], own[:1]):
        for i in range(3):
            y = targets[i if len(targets) == 3 and targets is own else 0] if targets.ndim == len(shape) else targets
            loss = F.cross_entropy(outputs[i].flatten(0, -2), y.flatten())
            torch.testing.assert_close(losses(outputs, targets)[i], loss)
            hits = (outputs[i].argmax(-1) == y).float().mean()
            torch.testing.assert_close(accuracies(outputs, targets)[i], hits)


def test_evaluation_of_images_and_of_tokens():
    for architecture, data in ((PERCEPTRON, images()), (LSTM, text())):
        ensemble = Ensemble.initial(architecture, [1, 2])
        loss, accuracy = evaluate(ensemble, data.train)
        assert loss.dtype == accuracy.dtype == torch.float64
        x, y = data.train.batch(slice(None))
        for i, network in enumerate(ensemble):
            outputs = network(x).flatten(0, -2)
            assert loss[i].item() == pytest.approx(F.cross_entropy(outputs, y.flatten()).item(), rel=1e-5)
            assert accuracy[i].item() == pytest.approx((outputs.argmax(-1) == y.flatten()).double().mean().item())


def test_evaluation_does_not_depend_on_how_many_are_looked_at_at_once(monkeypatch):
    data, ensemble = text(), Ensemble.initial(LSTM, [1, 2])
    whole = evaluate(ensemble, data.train)
    monkeypatch.setattr(tokens, "LOGITS_AT_ONCE", 6 * 7 * 4)
    assert data.train.at_once == 4
    torch.testing.assert_close(evaluate(ensemble, data.train), whole)


def prepared(folder):
    path = folder / "set.safetensors"
    facts = {"set": '"toy"', "checksum": '"c"', "mean": "[0.5]", "std": "[0.5]", "classes": '["a", "b", "c"]'}
    labels = torch.arange(30, dtype=torch.uint8) % 3
    parts = {
        f"{p}_{n}": t for p in ("train", "test") for n, t in (("images", torch.zeros(30, 1, 2, 2)), ("labels", labels))
    }
    save_file({name: t.to(torch.uint8).clone() for name, t in parts.items()}, path, facts)
    return path


def test_a_task_reads_its_data(tmp_path):
    block = {"data": {"set": "toy", "train": 20, "test": None, "grey": False}, "architecture": PERCEPTRON}
    data = load(prepared(tmp_path), block)
    assert isinstance(data, Dataset) and (len(data.train), len(data.test)) == (20, 30)
    ids = torch.tensor([2, 3, 2, 4, 1], dtype=torch.int32).repeat(9)
    facts = {"set": '"prose"', "checksum": '"c"', "words": '["<unk>", "<eos>", "a", "b", "c"]'}
    save_file({"train_tokens": ids, "test_tokens": ids[:27].clone()}, tmp_path / "text.safetensors", facts)
    block = {
        "task": {"name": "next_tokens", "length": 4},
        "data": {"set": "prose", "train": None, "test": 12, "grey": False},
        "architecture": LSTM | {"vocabulary": 3},
    }
    data = load(tmp_path / "text.safetensors", block)
    assert (len(data.train), len(data.test), data.train.length, data.train.vocabulary) == (11, 2, 4, 3)
    assert load(tmp_path / "text.safetensors", block | {"data": block["data"] | {"vocabulary": 3}}).classes
    with pytest.raises(ValueError, match=r"data\.vocabulary: wanted null or 3, as the architecture has it, found 2"):
        load(tmp_path / "text.safetensors", block | {"data": block["data"] | {"vocabulary": 2}})
    with pytest.raises(ValueError, match=r"task\.name: wanted classify or next_tokens, found 'sing'"):
        load(tmp_path, block | {"task": {"name": "sing"}})


def test_labels_are_permuted_by_a_seed(tmp_path):
    block = {"data": {"set": "toy", "train": None, "test": None, "grey": False}, "architecture": PERCEPTRON}
    found = [
        load(prepared(tmp_path), block | {"data": block["data"] | {"permute_labels": True, "seed": seed}})
        for seed in (1, 1, 2)
    ]
    plain = load(prepared(tmp_path), block)
    assert torch.equal(found[0].train.labels, found[1].train.labels)
    assert not torch.equal(found[0].train.labels, found[2].train.labels)
    assert not torch.equal(found[0].train.labels, plain.train.labels)
    assert torch.equal(found[0].train.labels.sort().values, plain.train.labels.sort().values)
    assert torch.equal(found[0].test.labels, plain.test.labels)
