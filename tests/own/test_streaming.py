"""Few passes, sums that merge across processes, files in place of memory, and a limit that is kept."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import own_networks
import pytest
import torch
from own_networks import seeded, vectors
from torch import nn

import netspectra
from netspectra.errors import DataError
from netspectra.own.recorded import load_activations


def perceptron():
    return seeded(lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)))


def part_of(number):
    """Moments of every second batch, as one of two processes makes them."""
    torch.set_num_threads(1)
    return netspectra.wrap(perceptron()).moments(vectors(120)[number::2])


def test_sums_of_two_processes_merge_into_those_of_one():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(part_of, range(2))
    whole = netspectra.wrap(perceptron()).moments(vectors(120))
    for place, moments in whole.items():
        merged = first[place] + second[place]
        assert merged.count == moments.count == 120
        torch.testing.assert_close(merged.covariance(), moments.covariance(), rtol=1e-10, atol=1e-14)


class Counted:
    """A loader that counts the batches that are read of it."""

    def __init__(self, batches):
        self.batches, self.read = batches, 0

    def __iter__(self):
        for batch in self.batches:
            self.read += 1
            yield batch


def test_all_sums_come_from_one_pass_where_the_memory_allows():
    loader = Counted(vectors(60))
    netspectra.lens(perceptron(), loader, null=0, lenses=["alignment", "spectra", "similarity"])
    assert loader.read == len(loader.batches) + 2  # the first batch is looked at, twice, before the pass
    said = []
    view = netspectra.lens(perceptron(), loader, null=0, lenses=["alignment", "spectra"], progress=said.append)
    narrow = netspectra.lens(
        perceptron(), loader, null=0, lenses=["alignment", "spectra"], memory=25_000, progress=said.append
    )
    assert said[0].startswith("pass 1 of 1")
    assert any(text.startswith("pass 2 of") for text in said)
    values = [v.table[v.table.quantity.isin(["alignment", "activation_eigenvalue"])].value for v in (view, narrow)]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-9, atol=1e-12)


def test_spilled_activations_are_those_in_memory(tmp_path):
    net = netspectra.wrap(perceptron())
    held = net.record(vectors(60))
    spilled = net.record(vectors(60), spill=tmp_path / "acts")
    again = load_activations(tmp_path / "acts")
    for layer, rows in held.items():
        assert isinstance(spilled[layer].values, np.memmap)
        assert np.array_equal(rows.values, spilled[layer].values)
        assert np.array_equal(rows.values, again[layer].values)
        assert np.array_equal(rows.inputs, again[layer].inputs)
    wanted = netspectra.compare(held, held, permutations=5)
    assert netspectra.compare(spilled, again, permutations=5).equals(wanted)
    (tmp_path / "acts" / "activations.json").unlink()
    with pytest.raises(DataError, match=r"no complete activations.*\nRemedy: record them again"):
        load_activations(tmp_path / "acts")


LARGE = """
import resource
import torch
import netspectra
torch.set_num_threads(2)
torch.manual_seed(0)
model = torch.nn.Linear(16, 2048)
class Loader:
    def __iter__(self):
        generator = torch.Generator().manual_seed(0)
        return (torch.randn(1000, 16, generator=generator) for _ in range({batches}))
netspectra.lens(torch.nn.Linear(16, 8), [torch.randn(100, 16)], lenses=["spectra"], null=0)
model(next(iter(Loader())))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
view = netspectra.lens(model, Loader(), lenses=["spectra", "similarity"], memory="1GB")
table = view.table.set_index("quantity").value
print(table["activation_samples"], table["activation_units"], peak() - before)
"""


def test_the_memory_limit_is_kept_with_2048_units_and_200000_samples():
    environment = os.environ | {"PYTHONPATH": str(Path(own_networks.__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", LARGE.format(batches=200)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    samples, units, taken = map(float, done.stdout.split())
    assert (samples, units) == (200_000, 2048)
    assert taken < 1e9
