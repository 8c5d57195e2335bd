"""What is made of what, as boxes and lines: data sets, networks, experiments, documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netspectra.report.documents import Shown

ROW, TOP, COLUMNS, BOX = 24, 34, (4, 210, 430, 690), 180  # pixels


@dataclass(frozen=True)
class Node:
    """A box: its name, what it leads to on the page, and its upper left corner."""

    name: str
    link: str
    x: int
    y: int


@dataclass(frozen=True)
class Graph:
    """Boxes and lines.

    Attributes:
        nodes: Boxes by name.
        lines: Pairs of boxes.
        height: Of all.
    """

    nodes: list[Node]
    lines: list[tuple[Node, Node]]
    height: int


def graph(settings: Mapping, documents: Mapping[str, list[Shown]]) -> Graph:
    """Boxes in four columns, each column spread over the height of the longest.

    Args:
        settings: {"data": sets, "networks": blocks, "experiments": blocks}.
        documents: Figures by document, which give the experiments their order.
    """
    first = anchors(documents)
    of = {shown.experiment: name for name, figures in documents.items() for shown in figures}
    columns = [list(settings["data"]), list(settings["networks"]), list(of), list(documents)]
    height = ROW * max(map(len, columns))
    boxes = [_column(names, kind, height, first) for kind, names in enumerate(columns)]
    lines = [(boxes[i][a], boxes[j][b]) for i, a, j, b in _lines(settings, of) if a in boxes[i] and b in boxes[j]]
    return Graph([node for column in boxes for node in column.values()], lines, TOP + height)


def anchors(documents: Mapping[str, list[Shown]]) -> dict[str, str]:
    """The first figure of every experiment on the page."""
    return {shown.experiment: shown.name for figures in documents.values() for shown in reversed(figures)}


def _column(names: list[str], kind: int, height: int, first: Mapping[str, str]) -> dict[str, Node]:
    links = ("data", "networks", "figure-{}", "document-{}")
    step = height / max(len(names), 1)
    tops = [round(TOP + step * (i + 0.5) - ROW / 2) for i in range(len(names))]
    found = zip(names, tops, strict=True)
    return {name: Node(name, links[kind].format(first.get(name, name)), COLUMNS[kind], y) for name, y in found}


def _lines(settings: Mapping, of: Mapping[str, str]) -> Iterator[tuple[int, str, int, str]]:
    """Column and name of what is read, and of what reads it."""
    for name, block in settings["networks"].items():
        sets = {block["data"]["set"], *((v or {}).get("data", {}).get("set") for v in block["variants"].values())}
        yield from ((0, one, 1, name) for one in sorted(sets - {None}))
    for name, document in of.items():
        block = settings["experiments"][name]
        yield from ((0, one, 2, name) for one in block.get("data", []))
        yield from ((1, one, 2, name) for one in block.get("networks", []))
        yield 2, name, 3, document
