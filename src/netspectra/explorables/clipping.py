"""What few directions of a first layer leave: of its spectrum, of the accuracy, and of the images that enter it."""

import base64
import io

import torch
from PIL import Image

from netspectra.explorables.job import Source
from netspectra.networks.layers import weight_layers

RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
SHOWN = 5  # images, of as many classes


def arrays(source: Source) -> dict:
    """Spectrum and accuracy (%) by rank, means over networks, and images that the leading directions leave."""
    table, networks = source.table, source.networks
    rows = table[(table.network == table.network.iloc[0]) & (table.layer.astype(str) == "1")]
    wanted = {"spectrum": "weight_eigenvalue", "initial": "weight_eigenvalue_initial", "accuracy": "weight_accuracy"}
    curves = {key: rows[rows.quantity == name].groupby("x").value.mean() for key, name in wanted.items()}
    network = networks.stack(networks.variants[0]).single(0)
    weight = next(iter(weight_layers(network).values())).weight()
    basis = torch.linalg.svd(weight.double().cpu(), full_matrices=False).Vh
    x, names = images(source)
    ranks = [rank for rank in RANKS if rank <= len(basis)]
    return {
        **{key: [float(f"{v:.4g}") for v in curve] for key, curve in curves.items()},
        "names": names,
        "ranks": ranks,
        "pictures": [strip(x, x), *(strip(x, left(x, basis[:rank])) for rank in ranks)],
    }


def images(source: Source) -> tuple[torch.Tensor, list[str]]:
    """The first test image of each of the first classes as it enters the network, (images, H, W), and its class."""
    test = source.data.test
    classes = test.labels.unique()[:SHOWN]
    index = torch.stack([(test.labels == one).nonzero()[0, 0] for one in classes])
    return test.batch(index)[0][:, 0].cpu(), [source.data.classes[one] for one in classes.tolist()]


def left(x: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """Images on leading right singular vectors of the weights (rank, H * W): all that a clipped layer sees."""
    return (x.flatten(1).double() @ basis.T @ basis).view_as(x)


def strip(x: torch.Tensor, shown: torch.Tensor) -> str:
    """What is shown of images, side by side as one picture in base64, each in the range of the whole image."""
    low, high = x.amin((1, 2), keepdim=True), x.amax((1, 2), keepdim=True)
    level = (shown - low) / (high - low)
    pixels = (255 * level.clamp(0, 1)).round().to(torch.uint8)
    stream = io.BytesIO()
    Image.fromarray(torch.cat(list(pixels), 1).numpy()).save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()
