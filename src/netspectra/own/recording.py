"""Recording: rows of what leaves every layer, batch by batch, as long as each can be looked at."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import nn

from netspectra.networks.looking import looking
from netspectra.networks.places import read
from netspectra.own import rows
from netspectra.own.batches import Source
from netspectra.own.recorded import Activations, Rows, Writer, finish
from netspectra.own.rows import Unusable
from netspectra.own.spots import Map


def recorded(model: nn.Module, source: Source, where: Map, tokens: str, folder: Path | None) -> Activations:
    """Rows of every layer that the data reach, in memory or in a folder."""
    skipped = dict(where.absent)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Writer] = {}
    with ExitStack() as stack:
        for place, values, inputs in flowing(model, source, where, tokens, skipped):
            if place not in writers:
                writers[place] = Writer(folder, len(writers))
                stack.callback(writers[place].stop)
            writers[place].write(values, inputs)
    writers = {place: writer for place, writer in writers.items() if place not in skipped}
    layers: dict[str, Rows] = {place: writer.close(folder) for place, writer in writers.items()}
    if folder:
        finish(folder, writers, skipped)
    return Activations(layers, skipped, folder)


def flowing(model: nn.Module, source: Source, where: Map, tokens: str, skipped: dict[str, str]) -> Iterable[tuple]:
    """Place, rows and their inputs, batch by batch; a place that cannot be looked at goes into `skipped`."""
    modules = {spot.place: spot.layer.module for spot in where.spots}
    first = 0
    for batch in source:
        alive = [place for place in where.places if place not in skipped]
        with looking(model), torch.no_grad():
            leaving = read(model, batch.inputs, leaving=alive, outputs=False).leaving
        for place in alive:
            try:
                found = rows.leaving(rows.by_name(leaving, place), modules[place], batch, tokens)
            except Unusable as error:
                skipped[place] = str(error)
            else:
                yield place, found.values, found.inputs + first
        first += batch.samples
