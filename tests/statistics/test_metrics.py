"""Metrics as files hold them."""

import json
from math import inf, nan

import pytest

from netspectra.errors import DataError
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.metrics import estimate_of, nest, parse, read, scale_of
from netspectra.statistics.scales import NAMED


def test_intervals_are_nested_and_numbers_rounded():
    flat = {"b": 1.23456789, "b_low": 1, "b_high": 2, "a": 1 / 3, "c_low": 4}
    assert nest(flat) == {"a": 0.333333, "b": {"mean": 1.23457, "low": 1, "high": 2}, "c_low": 4}
    assert list(nest(flat)) == ["a", "b", "c_low"]


def test_an_interval_of_no_width_is_none():
    metrics = Metrics()
    metrics.add("one", [3.0])
    metrics.add("two", [3.0, 4.0])
    metrics.put("none", of_replicates([3.0]))
    metrics.put("some", of_replicates([3.0, 4.0]))
    found = nest(metrics)
    assert (found["one"], found["none"]) == (3, 3)
    assert found["two"] == found["some"] == {"mean": 3.5, "low": -2.8531, "high": 9.8531}


@pytest.mark.parametrize(
    ("flat", "message"),
    [
        ({"a": nan}, "found nan for a"),
        ({"a": 1, "a_low": -inf, "a_high": 2}, "found -inf for a_low"),
        ({"a": 3, "a_low": 1, "a_high": 2}, "wanted a within its interval, found 3 and 1 to 2"),
        ({"a": 1, "a_low": 2, "a_high": 0}, "wanted a within its interval"),
        ({"a": 1, "a_low": 0, "a_high": 2, "a_low_low": 0, "a_low_high": 1}, "found a_low as the end .*; rename it"),
    ],
)
def test_what_cannot_be_is_refused_by_name(flat, message):
    with pytest.raises(ValueError, match=message):
        nest(flat)


@pytest.mark.parametrize(
    "content",
    [
        [1], {"a": "1"}, {"a": True}, {"a": None}, {"a": {"mean": 1}}, {"a": {"mean": 1, "low": 2, "high": 3}},
        {"a": {"mean": 1, "low": 1, "high": 1}}, {"a": {"mean": 1, "low": 0, "high": 2, "more": 3}}, {"a": nan},
        {"a": {"mean": [1], "low": 0, "high": 2}},
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused(content):
    with pytest.raises(DataError, match=r"e.json: damaged.*\nRemedy: snakemake --forcerun e"):
        parse(json.dumps(content), "e.json")


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "e.json")
    (tmp_path / "e.json").write_text('{"a": 1')
    with pytest.raises(DataError, match="damaged"):
        read(tmp_path / "e.json")
    (tmp_path / "e.json").write_text('{"a": 1, "b": {"mean": 1, "low": 0, "high": 2}}')
    assert read(tmp_path / "e.json") == {"a": 1, "b": {"mean": 1, "low": 0, "high": 2}}


@pytest.mark.parametrize(
    ("scale", "values"),
    [
        ("identity", [-1.0, 2.0, 4.0, 1.0]),
        ("log", [1.0, 3.0, 9.0, 4.0]),
        ("logit", [0.5, 0.9, 0.7, 0.95]),
        ("percent", [60.0, 90.0, 95.0, 80.0]),
        ("fisher_z", [-0.9, 0.7, 0.8, 0.9]),
    ],
)
def test_the_scale_of_an_interval_is_found_again_though_it_is_rounded(scale, values):
    e = of_replicates(values, scale=scale)
    metric = nest({"a": e.value, "a_low": e.low, "a_high": e.high})["a"]
    found = estimate_of(metric, 4)
    assert found.bounds == NAMED[scale]
    assert (found.units, found.freedom) == (4, 3)
    assert found.at(0.99).high == pytest.approx(e.at(0.99).high, rel=1e-3)


def test_an_interval_that_is_symmetric_on_no_scale_is_taken_as_it_is():
    assert scale_of(0.5, 0.1, 0.55) == (-inf, inf)
    assert estimate_of({"mean": 0.5, "low": 0.1, "high": 0.55}).freedom == inf
    assert estimate_of(2, exact=True).exact
    assert estimate_of(2, 5).low is None
