"""Clipping curves at every rank: ours against one copy of the network per rank, as the rainbow document does it.

    PYTHONPATH=src python benchmarks/clipping.py

Both run in turn in this process, on one thread, timed in CPU seconds; hit counts must be equal at every rank. The
commitments are those of peers.md, section 3: 14 times over all four curves, 8 times in each.
"""

import copy
import statistics
import sys
import time
from collections import OrderedDict

import torch
from torch import nn

from netspectra.measures import spectra
from netspectra.measures.clipping import clipping_curve

SAMPLES, ROUNDS, EACH, OVERALL = 1000, 5, 8.0, 14.0


def network() -> nn.Sequential:
    """The document's perceptron, 1024-512-256-10 without biases."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for i, (d, nodes) in enumerate(((1024, 512), (512, 256), (256, 10)), 1):
        layers[f"fc{i}"] = nn.Linear(d, nodes, bias=False)
        layers[f"relu{i}"] = nn.ReLU()
    layers.popitem()
    return nn.Sequential(layers).requires_grad_(False)


def cases(net: nn.Sequential, x: torch.Tensor) -> dict[str, tuple[str, torch.Tensor]]:
    """{curve: (layer, directions)}: principal directions of activations and of weights."""
    first, second = net[:3](x).double(), net[:5](x).double()
    activations = [spectra.eigenspectrum(phi.T @ phi / len(phi)).vectors.float() for phi in (first, second)]
    weights = [spectra.weight_spectrum(layer.weight).vectors.float() for layer in (net.fc1, net.fc2)]
    return {
        "activations of layer 1": ("fc2", activations[0]),
        "activations of layer 2": ("fc3", activations[1]),
        "weights of layer 1": ("fc1", weights[0][:, :512]),
        "weights of layer 2": ("fc2", weights[1][:, :256]),
    }


def copies(net: nn.Sequential, layer: str, directions: torch.Tensor, batches: list) -> list[int]:
    """The document's way: a deep copy with projected weights for every rank."""
    hits = []
    for rank in range(1, directions.shape[1] + 1):
        basis = directions[:, :rank]
        clipped = copy.deepcopy(net)
        module = clipped.get_submodule(layer)
        module.weight = nn.Parameter(module.weight @ (basis @ basis.T), requires_grad=False)
        hits.append(sum(int((clipped(x).argmax(-1) == y).sum()) for x, y in batches))
    return hits


def seconds(run, *arguments) -> tuple[float, list[int]]:
    """CPU seconds of one call, and what it returns."""
    start = time.process_time()
    result = run(*arguments)
    return time.process_time() - start, result


def ours(net: nn.Sequential, layer: str, directions: torch.Tensor, batches: list) -> list[int]:
    return clipping_curve(net, layer, directions, batches).hits.tolist()


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net, x = network(), torch.randn(SAMPLES, 1, 32, 32)
    # Labels that the network gets right four times in five, so that the curves rise.
    y = torch.where(torch.rand(SAMPLES) < 0.8, net(x).argmax(-1), torch.randint(10, (SAMPLES,)))
    curves = cases(net, x)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in curves}
    for _ in range(ROUNDS):
        for name, (layer, directions) in curves.items():
            peer, expected = seconds(copies, net, layer, directions, [(x, y)])
            mine, found = seconds(ours, net, layer, directions, [(x, y)])
            assert found == expected, f"{name}: hit counts differ"
            times[name].append((peer, mine))
    times["all four"] = [tuple(map(sum, zip(*rounds, strict=True))) for rounds in zip(*times.values(), strict=True)]
    return report(times)


def report(times: dict[str, list[tuple[float, float]]]) -> int:
    """Print one line per curve; 1 when a commitment is missed."""
    print(f"{'curve':<24}{'copies ms':>12}{'ours ms':>10}{'ratio (median)':>16}{'least':>8}{'commit':>8}")
    missed = 0
    for name, rounds in times.items():
        ratios = [peer / mine for peer, mine in rounds]
        goal = OVERALL if name == "all four" else EACH
        peer, mine = (1e3 * min(column) for column in zip(*rounds, strict=True))
        print(f"{name:<24}{peer:>12.0f}{mine:>10.0f}{statistics.median(ratios):>16.1f}{min(ratios):>8.1f}{goal:>8.0f}")
        missed += statistics.median(ratios) < goal
    print(f"hit counts equal at every rank, {SAMPLES} samples, {ROUNDS} rounds in turn, one thread, CPU time")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
