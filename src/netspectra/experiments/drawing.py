"""Plots: tidy table -> figures.

Each module has `draw(table, settings, published) -> {figure: matplotlib figure}`; no torch here.
"""

import importlib
from pathlib import Path

from netspectra.experiments import tables
from netspectra.figures import style
from netspectra.files import replacing


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Draw the figures of one experiment.

    Args:
        inputs: {"table": path}.
        outputs: {"svg": files, "png": files}, each named as its figure.
        settings: {"name", "experiment": its block, "published": what its document prints, as claims.yaml gives it,
            "scale"}.

    Raises:
        ValueError: The module draws other figures than the block names.
    """
    style.use()
    module = importlib.import_module(f"netspectra.experiments.{settings['name']}.plot")
    table, block = tables.read(inputs["table"], settings["name"]), settings["experiment"]
    figures, wanted = module.draw(table, block, settings["published"]), block["figures"]
    if set(figures) != set(wanted):
        raise ValueError(f"{module.__name__}: wanted figures {', '.join(wanted)}, found {', '.join(figures)}")
    for figure in figures.values():
        style.state_scale(figure, settings["scale"])
    for path in map(Path, [*outputs["svg"], *outputs["png"]]):
        with replacing(path) as temporary:
            style.save(figures[path.stem], temporary, path.suffix[1:])
