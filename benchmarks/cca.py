"""The CCA family against google/svcca: how many times faster, and how far apart.

    PYTHONPATH=src python benchmarks/cca.py [--full]

The peer is in no registry, so its arithmetic is written anew in `_google_svcca.py`. --full adds 1,024 neurons at
50,000 samples, which takes ten minutes.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain

from _turns import Case, run  # isort: skip (sets the threads)
import _google_svcca as peers
import numpy as np
import torch

from netspectra.measures import cca as m

KEEP, LAYERS, PERMUTATIONS, CHECKPOINTS = 20, 6, 10, 4
# CCA in float64 and in float32, PWCCA and SVCCA, by neurons: about a quarter below what prototypes reached there.
GOALS = {500: (2.0, 3.0, 2.5, 7.0), 1024: (1.3, 2.3, 3.1, 7.0)}


def layers(samples: int, neurons: int, count: int, seed: int = 0) -> list[torch.Tensor]:
    """Layers that share part of their signal, with variances that fall as those of networks do."""
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randn(samples, neurons // 4, generator=generator, dtype=torch.float64)
    scales = torch.arange(1, neurons + 1, dtype=torch.float64) ** -0.5
    found = []
    for _ in range(count):
        x = torch.randn(samples, neurons, generator=generator, dtype=torch.float64)
        x[:, : neurons // 4] += shared
        rotation = torch.linalg.qr(torch.randn(neurons, neurons, generator=generator, dtype=torch.float64))[0]
        found.append((x * scales) @ rotation + 1)
    return found


def theirs(x: torch.Tensor) -> np.ndarray:
    """The same numbers in the peer's orientation, copied outside the clock."""
    return np.ascontiguousarray(x.T.numpy())


def necessary(joint: np.ndarray) -> torch.Tensor:
    """What a CCA cannot do without: all products once, a factor of each covariance, singular values of their size."""
    product = torch.from_numpy(joint.T @ joint).double()
    d = len(product) // 2
    for part in (product[:d, :d], product[d:, d:]):
        torch.linalg.cholesky(part)
    return torch.linalg.svdvals(product[:d, d:])


def single_pair(samples: int, neurons: int) -> Iterator[Case]:
    x, y = layers(samples, neurons, 2)
    a, b = theirs(x), theirs(y)
    size, joint, goals = f"{neurons} x {samples}", np.concatenate([x, y], 1), GOALS[neurons]
    rounds = 5 if neurons < 1000 else 2
    yield Case(
        f"CCA {size}, float64",
        lambda: peers.cca(a, b).correlations,
        lambda: m.cca(x, y).correlations,
        goals[0],
        1e-8,
        rounds,
        floor=lambda: necessary(joint),
    )
    single = joint.astype(np.float32)
    yield Case(
        f"CCA {size}, float32 products",
        lambda: peers.cca(a, b).correlations,
        lambda: m.cca(x, y, single=True).correlations,
        goals[1],
        1e-6,
        rounds,
        floor=lambda: necessary(single),
    )
    yield Case(
        f"PWCCA {size}, the peer's value",
        lambda: peers.pwcca(a, b),
        lambda: m.pwcca(x, y, form="tutorial").similarity,
        goals[2],
        1e-8,
        rounds,
    )
    yield Case(
        f"SVCCA {size}, {KEEP} directions",
        lambda: peers.svcca(a, b, KEEP),
        lambda: m.svcca(x, y, keep=KEEP).correlations,
        goals[3],
        1e-7,
        rounds,
    )


def dead(samples: int, neurons: int) -> Iterator[Case]:
    """What the tutorial's own layers are like: two neurons in five are dead."""
    x, y = layers(samples, neurons, 2)
    x[:, ::5] = x[:, 1::5] = y[:, ::5] = y[:, 2::5] = 0
    a, b = theirs(x), theirs(y)
    yield Case(
        f"CCA {neurons} x {samples}, 40 % dead",
        lambda: peers.cca(a, b, 1e-10).correlations,
        lambda: m.cca(x, y).correlations,
        None,
        1e-6,
    )


def many(samples: int, neurons: int) -> Iterator[Case]:
    """What whitening once is for: checkpoints against the last, all pairs, permutations."""
    found = layers(samples, neurons, LAYERS)
    named = {str(i): x for i, x in enumerate(found)}
    as_theirs = [theirs(x) for x in found]
    *before, last = found[: CHECKPOINTS + 1]
    prepared = m.principal(last, KEEP)

    def curve() -> torch.Tensor:
        return torch.stack([m.correlate(m.principal(x, KEEP), prepared).correlations for x in before])

    yield Case(
        f"SVCCA of {CHECKPOINTS} checkpoints and the last",
        lambda: np.stack([peers.svcca(a, as_theirs[CHECKPOINTS], KEEP) for a in as_theirs[:CHECKPOINTS]]),
        curve,
        14.0,
        1e-7,
    )
    yield Case(
        f"all pairs of {LAYERS} layers",
        lambda: peers.pairs(as_theirs),
        lambda: torch.stack(list(m.all_pairs(named).values())),
        3.0,
        1e-6,
    )
    generator = torch.Generator()
    orders = [torch.randperm(samples, generator=generator.manual_seed(0)).numpy()]
    orders += [torch.randperm(samples, generator=generator).numpy() for _ in range(PERMUTATIONS - 1)]

    def null() -> torch.Tensor:
        pair = m.whiten(found[0]), m.whiten(found[1])
        return m.permutation_null(
            *pair, permutations=PERMUTATIONS, generator=torch.Generator().manual_seed(0)
        ).correlations

    a, b = (x.float() for x in found[:2])

    def products() -> None:  # one per permutation and one for the data, in the precision that they need
        for _ in range(PERMUTATIONS + 1):
            torch.mm(a.T, b)

    yield Case(
        f"{PERMUTATIONS} permutations", lambda: peers.permuted(*as_theirs[:2], orders), null, 4.5, 1e-6, floor=products
    )


def maps(samples: int, channels: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Maps whose channels share signal, in memory as convolutions leave them (channels last)."""
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(samples, channels, side, side, generator=generator, dtype=torch.float64) for _ in range(2))
    y[:, : channels // 2] += x[:, : channels // 2]
    return x.to(memory_format=torch.channels_last), y.to(memory_format=torch.channels_last)


def convolutional() -> Iterator[Case]:
    x, y = maps(2000, 64, 32)
    a, b = (t.contiguous().numpy() for t in (x, y))
    single = np.concatenate([t.permute(0, 2, 3, 1).flatten(0, 2).float() for t in (x, y)], 1)
    yield Case(
        "64 maps of 32 x 32 x 2,000, positions as samples",
        lambda: peers.sampled_maps(a, b),
        lambda: m.cca(*(t.permute(0, 2, 3, 1).flatten(0, 2) for t in (x, y)), single=True).correlations,
        4.5,
        1e-7,
        floor=lambda: single.T @ single,
    )
    x, y = maps(1000, 64, 16)
    a, b = x.contiguous().numpy(), y.contiguous().numpy()
    yield Case(
        "64 maps of 16 x 16 x 1,000, by frequency",
        lambda: peers.by_frequency(a, b),
        lambda: m.dft_cca(x, y).mean,
        1.5,
        1e-8,
    )


def main(full: bool) -> int:
    groups = [single_pair(10000, 500), dead(10000, 500), many(10000, 500), convolutional()]
    return run("CCA family, peer: google/svcca", chain(*groups, single_pair(50000, 1024) if full else ()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The CCA family against google/svcca.")
    parser.add_argument("--full", action="store_true", help="also 1,024 neurons at 50,000 samples")
    sys.exit(main(parser.parse_args().full))
