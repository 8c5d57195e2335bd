"""Records: what is written down while networks train, row by row, each row (networks, ...)."""

from collections.abc import Mapping, Sequence

import torch

Tensors = dict[str, torch.Tensor]


class Records:
    """Values by name, each with its rows; names of one series start alike and share the steps of their rows.

    "loss" belongs to the series "" whose steps are "step", "test/loss" to "test/" and its "test/step". Rows of an epoch
    lie in one tensor from the start: small tensors that stay would break up the memory of large ones.

    Args:
        rows: Most rows that a series gets in an epoch.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.filling: dict[str, tuple[torch.Tensor, int]] = {}
        self.past: list[Tensors] = []

    def add(self, series: str, step: int, values: Mapping[str, torch.Tensor]) -> None:
        """One row of every value of a series."""
        named = {series + name: value for name, value in values.items()}
        for name, value in {f"{series}step": torch.tensor(step), **named}.items():
            rows, filled = self.filling.get(name) or (value.new_empty(self.rows, *value.shape), 0)
            rows[filled] = value.detach()
            self.filling[name] = rows, filled + 1

    def of_epoch(self, name: str) -> torch.Tensor:
        """The rows of this epoch so far."""
        rows, filled = self.filling[name]
        return rows[:filled]

    def settle(self) -> None:
        """Put the rows of the epoch away."""
        self.past.append({name: rows[:filled] for name, (rows, filled) in self.filling.items()})
        self.filling = {}

    def restore(self, history: Tensors) -> None:
        """Take up what `history` gave."""
        self.past, self.filling = [history] if history else [], {}

    def history(self) -> Tensors:
        """All rows that were put away, on the CPU: steps (rows,) and values (rows, networks, ...)."""
        names = dict.fromkeys(name for part in self.past for name in part)
        return {name: torch.cat([part[name].cpu() for part in self.past if name in part]) for name in names}


def series_of(name: str) -> str:
    """The series that a name belongs to: "" or all up to its first slash."""
    first, slash, _ = name.partition("/")
    return first + slash if slash else ""


def lengthened(history: Tensors, due: Mapping[str, Sequence[int]], last: Tensors) -> Tensors:
    """A history with a row for every step that is due; rows missing at the end hold `last`, or NaN where it has none.

    Args:
        history: Rows by name.
        due: Steps by series.
        last: (networks, ...) by name.
    """
    return {name: _lengthened(name, rows, due[series_of(name)], last.get(name)) for name, rows in history.items()}


def _lengthened(name: str, rows: torch.Tensor, steps: Sequence[int], last: torch.Tensor | None) -> torch.Tensor:
    if name == f"{series_of(name)}step":
        return torch.tensor(steps)
    filler = rows.new_full(rows.shape[1:], float("nan")) if last is None else last.cpu()
    return torch.cat([rows, filler.expand(len(steps) - len(rows), *filler.shape)])
