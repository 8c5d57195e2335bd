"""Plots: tidy table -> figures.

Each module has `draw(table, settings, published) -> {figure: matplotlib figure}`; no torch here.
"""

import importlib
from pathlib import Path

from netspectra.experiments import tables
from netspectra.figures import style
from netspectra.files import replacing
from netspectra.overlays import merge


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Draw the figures of one experiment.

    Args:
        inputs: {"table": path}.
        outputs: {"svg": files, "png": files}, each named as its figure.
        settings: {"name", "experiment": its block, "published": what its document prints, as claims.yaml gives it,
            "networks": their blocks by name, "scale"}.

    Raises:
        ValueError: The module draws other figures than the block names.
    """
    style.use()
    module = importlib.import_module(f"netspectra.experiments.{settings['name']}.plot")
    table, block = tables.read(inputs["table"], settings["name"]), settings["experiment"]
    figures, wanted = module.draw(table, block, settings["published"]), block["figures"]
    if set(figures) != set(wanted):
        raise ValueError(f"{module.__name__}: wanted figures {', '.join(wanted)}, found {', '.join(figures)}")
    data = data_of(settings.get("networks", {}))
    for figure in figures.values():
        style.state_scale(figure, settings["scale"], data)
    for path in map(Path, [*outputs["svg"], *outputs["png"]]):
        with replacing(path) as temporary:
            style.save(figures[path.stem], temporary, path.suffix[1:])


def data_of(networks: dict[str, dict]) -> str:
    """How much data networks were trained on, where all of them were on as much."""
    blocks = [merge(block, change)["data"] for block in networks.values() for change in block["variants"].values()]
    sizes = {("tokens" if data.get("vocabulary") else "images", data["train"]) for data in blocks}
    if len(sizes) != 1:
        return ""
    ((unit, size),) = sizes
    return f"{'all' if size is None else f'{size:,}'} training {unit}"
