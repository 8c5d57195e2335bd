"""Grey training images as the networks see them (rainbow document, "load the dataset")."""

import pandas as pd

from netspectra.data.images import load
from netspectra.experiments.measuring import Findings, Given
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Tabulate the pixels of the first images of the training set, in the networks' normalised units."""
    settings = given.settings
    (path,) = given.prepared.values()
    data = load(path, {"set": path.stem, "train": None, "test": None, "grey": settings["grey"]}, given.device)
    images, labels = data.train.batch(slice(0, settings["shown"]))
    rows = [
        {"image": i, "class": data.classes[int(label)], "y": y, "x": x, "value": value}
        for i, (image, label) in enumerate(zip(images[:, 0].tolist(), labels, strict=True))
        for y, line in enumerate(image)
        for x, value in enumerate(line)
    ]
    metrics = Metrics()
    channels, height, width = images.shape[1:]
    counts = {"classes": len(data.classes), "channels": channels, "height": height, "width": width}
    for name, value in {**counts, "images": len(images), "training_images": len(data.train)}.items():
        metrics.number(name, value)
    return Findings(pd.DataFrame(rows), metrics)
