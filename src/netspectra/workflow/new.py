"""`make new NAME=...`: the pieces of an experiment that can be written before anybody knows what it measures."""

import re
import sys
from pathlib import Path

from netspectra.errors import SettingsError, said
from netspectra.workflow.layout import folder_of

PIECES = {
    "__init__.py": '"""Experiment {name}."""\n',
    "settings.py": '''"""Settings of {name}."""

from pydantic import Field

from netspectra.blocks import Experiment, Positive


class Settings(Experiment):
    """What is measured, and how much of it."""

    # What it reads besides: networks: list[Name] and data: list[Name], of netspectra.blocks.
    count: Positive = Field(description="Numbers that are averaged")
''',
    "analysis.py": '''"""What {name} measures."""

import pandas as pd

from netspectra.experiments.measuring import Findings, Given
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """A tidy table and metrics; given.networks, given.data and given.published hold what the block asks for."""
    table = pd.DataFrame({{"x": range(1, given.settings["count"] + 1)}})
    metrics = Metrics()
    metrics.number("mean", table.x.mean())
    return Findings(table, metrics)
''',
    "plot.py": '''"""Figures of {name}."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Every figure that the block names, by its name."""
    figure, axes = style.page()
    axes[0, 0].plot(table.x)
    axes[0, 0].set(xlabel="rank", ylabel="number")
    return {{"{name}": figure}}
''',
    "claims.yaml": """document: alignment
claims:
  - id: {name}_mean
    where: Section and sentence of the document
    says: The mean is above one.
    metric: mean
    holds: {{sample: {{at_least: 1}}}}
    basis: Where the tolerance comes from.
    exact: true
    no_control: Why there is none; or control, with a metric on which the same rule must fail, and what it is of
""",
    "{name}.rst": "What is shown, of how much data and how many networks, with which interval; what differs and why.\n",
}
BLOCK = """  {name}:
    figures: [{name}]
    count: 10
"""


def write(name: str, root: Path = Path()) -> list[Path]:
    """Write the pieces of an experiment into its folder.

    Args:
        name: Of its folder, block, rule, table, metrics, log and stage.
        root: Of the project.

    Raises:
        SettingsError: The name cannot be one, or its folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise SettingsError(f"NAME: found {name!r}, wanted small letters, digits and _", "make new NAME=my_experiment")
    folder = root / folder_of(name)
    if folder.exists():
        raise SettingsError(f"{folder}: is there already", "choose another name")
    folder.mkdir()
    written = [folder / file.format(name=name) for file in PIECES]
    for path, text in zip(written, PIECES.values(), strict=True):
        path.write_text(text.format(name=name), encoding="utf-8")
    return written


def main(name: str) -> int:
    """Write the pieces, and say what is left to do; 1 where that cannot be."""
    try:
        written = write(name)
    except SettingsError as error:
        print(said(error), file=sys.stderr)
        return 1
    print("\n".join(map(str, written)))
    print(
        f"\nAdd under experiments in params.yaml, then run make stages and make reproduce:\n\n{BLOCK.format(name=name)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [""]))
