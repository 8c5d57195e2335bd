"""What lenses have seen: one tidy table, what was left out and why, figures and a page."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from netspectra.errors import DataError
from netspectra.files import replacing
from netspectra.own import drawing
from netspectra.own.tidy import COLUMNS

TABLE, SKIPPED, FACTS = "table.csv", "skipped.csv", "view.json"
FORMAT = 1


class Interrupted(KeyboardInterrupt):
    """A run was interrupted; the network is as it was, and `view` holds what lenses had seen by then."""

    def __init__(self, view: "View", left: list[str]) -> None:
        message = f"interrupted before {', '.join(left)}\nRemedy: what is done is in .view of this error; run the rest "
        super().__init__(message + f"with lenses={left}")
        self.view = view


@dataclass(frozen=True, eq=False)
class View:
    """What `netspectra.lens` gives.

    Attributes:
        table: One long tidy frame: lens, layer, quantity, x, value, low, high (95 %; NaN where there is no interval).
        skipped: layer, lens, why.
        notes: What a reader must know of these numbers.
        facts: Of the network and the data: its kind, layers in order, number of networks, settings.
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    def __repr__(self) -> str:
        lenses = ", ".join(dict.fromkeys(self.table.lens))
        return f"View({len(self.table)} numbers of {lenses or 'no lens'}; {len(self.skipped)} skipped)"

    @property
    def figures(self) -> list[str]:
        """Names of the figures that there are numbers for."""
        return [name for name in drawing.FIGURES if drawing.has(self.table, name)]

    def figure(self, name: str) -> Figure:
        """The figure of a lens.

        Raises:
            ValueError: No such figure, or no numbers for it; says why.
        """
        if name not in self.figures:
            why = "; ".join(
                f"{s.layer or 'all'}: {s.why}" for s in self.skipped[self.skipped.lens == name].itertuples()
            )
            raise ValueError(f"name: wanted one of {', '.join(self.figures) or 'none'}, found {name!r}. {why}".rstrip())
        return drawing.draw(self.table, name, self.facts)

    def page(self, path: str | Path) -> Path:
        """Write one HTML file with all figures, what they say, what was skipped and why.

        Raises:
            NetspectraError: Jinja2 is not installed.
        """
        from netspectra.own.page import write

        return write(self, Path(path))

    def save(self, folder: str | Path) -> Path:
        """Write table, reasons and facts into a folder, for `load_view`; every file appears whole or not at all."""
        folder = Path(folder)
        facts = {"format": FORMAT, "notes": self.notes, "facts": self.facts}
        written = {
            TABLE: self.table.to_csv(index=False),
            SKIPPED: self.skipped.to_csv(index=False),
            FACTS: json.dumps(facts, indent=1),
        }
        for name, text in written.items():
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        return folder


def load_view(folder: str | Path) -> View:
    """What `View.save` wrote.

    Raises:
        DataError: It is not there, not complete, or of a newer format.
    """
    folder = Path(folder)
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        table, skipped = (_read(folder / name) for name in (TABLE, SKIPPED))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: no view there ({error})", "write one with view.save(folder)") from None
    if facts.get("format") != FORMAT or list(table.columns) != list(COLUMNS):
        raise DataError(f"{folder}: wanted a view of format {FORMAT}, found {facts.get('format')}", "save it again")
    return View(table, skipped, facts["notes"], facts["facts"])


def _read(path: Path) -> pd.DataFrame:
    """A table whose numbers come back to the last bit, and whose text stays text."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in frame.columns.intersection(["x", "value", "low", "high"]):
        frame[column] = [float(text or "nan") for text in frame[column]]
    return frame
