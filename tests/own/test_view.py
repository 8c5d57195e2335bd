"""A view is a tidy table that comes back from its folder, with a figure per lens and one page."""

import json
import re

import pytest
import torch
from own_networks import seeded, vectors
from torch import nn

import netspectra
from netspectra.errors import DataError
from netspectra.own.applying import LENSES
from netspectra.own.tidy import COLUMNS


@pytest.fixture(scope="module")
def view():
    network = seeded(lambda: nn.Sequential(nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 3)))
    other = seeded(
        lambda: nn.Sequential(nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 3)), 1
    )
    return netspectra.lens(network, vectors(80), against=other, null=5)


def test_the_table_is_tidy(view):
    assert list(view.table.columns) == list(COLUMNS)
    assert set(view.table.lens) == {*LENSES, "against"}
    assert not view.table.duplicated(["lens", "layer", "quantity", "x"]).any()
    ends = view.table.dropna(subset=["low", "high"])
    assert len(ends)
    inside = ends[~ends.quantity.str.contains("null|drawn|chance")]
    assert (inside.low <= inside.high).all()
    assert ((inside.low <= inside.value * (1 + 1e-9)) & (inside.value <= inside.high * (1 + 1e-9))).mean() > 0.9


def test_it_comes_back_from_its_folder(view, tmp_path):
    view.save(tmp_path / "lens")
    again = netspectra.load_view(tmp_path / "lens")
    assert again.table.equals(view.table)
    assert again.skipped.equals(view.skipped)
    assert (again.notes, again.facts) == (view.notes, view.facts)
    facts = json.loads((tmp_path / "lens/view.json").read_text())
    (tmp_path / "lens/view.json").write_text(json.dumps(facts | {"format": 9}))
    with pytest.raises(DataError, match=r"wanted a view of format 1, found 9\nRemedy"):
        netspectra.load_view(tmp_path / "lens")
    with pytest.raises(DataError, match=r"no view there.*\nRemedy: write one with view\.save"):
        netspectra.load_view(tmp_path)


def test_every_lens_has_a_figure_that_leaves_matplotlib_alone(view):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    for name in view.figures:
        figure = view.figure(name)
        assert figure.axes, name
        assert any("inputs" in text.get_text() for text in figure.texts), name
    assert dict(mpl.rcParams) == before
    assert view.figures == ["alignment", "spectra", "similarity", "against", *view.figures[4:]]
    assert set(view.figures) == {*LENSES, "against"}


def test_the_page_holds_everything_in_one_file(view, tmp_path):
    text = view.page(tmp_path / "lens.html").read_text()
    assert text.count("data:image/png;base64,") == len(view.figures)
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    for why in view.skipped.why:
        assert why.split(",")[0].split("'")[0] in text
    assert "3 layers with weights, 80 inputs" in text


def test_names_are_escaped(tmp_path):
    network = nn.Sequential()
    network.add_module("<b>", seeded(lambda: nn.Linear(5, 3)))
    text = netspectra.lens(network, [torch.randn(20, 5)], null=0).page(tmp_path / "x.html").read_text()
    assert "<b>" not in text
