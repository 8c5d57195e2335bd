"""Outside bytes and settings: nothing but our own errors may come out, and nothing may be written or hang."""

import contextlib
import copy
import json
from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netspectra.data.images import load
from netspectra.data.prepare import prepare
from netspectra.errors import ClaimError, DataError, SettingsError
from netspectra.networks import checkpoints
from netspectra.statistics.claims import read
from netspectra.workflow.layout import version_of
from netspectra.workflow.settings import read as read_params
from netspectra.workflow.settings import resolve

ROOT = Path(__file__).parents[1]
PARAMS = read_params(ROOT / "params.yaml")
FUZZ = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@FUZZ
@given(data=st.data(), value=VALUES)
def test_settings_are_resolved_or_refused(data, value):
    params = copy.deepcopy(PARAMS)
    block = params
    while True:
        key = data.draw(st.sampled_from(list(block) if isinstance(block, dict) else list(range(len(block)))))
        if not isinstance(block[key], dict | list) or not block[key] or data.draw(st.integers(0, 3)) == 0:
            break
        block = block[key]
    block[key] = value
    with contextlib.suppress(SettingsError):
        found = resolve(params)
        json.dumps(found, allow_nan=False)
        for name, of_set in found["data"].items():
            version_of(name, of_set)


CLAIM = {"id": "a_{x}", "for": {"x": [1, 2]}, "where": "w", "says": "s", "metric": "{x}", "holds": {}, "basis": "b"}


@FUZZ
@given(text=st.text(max_size=60) | VALUES.map(yaml.safe_dump))
def test_claims_are_read_or_refused(text, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "claims.yaml"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(ClaimError):
        assert isinstance(read(path), list)


@FUZZ
@given(key=st.sampled_from([*CLAIM, "claims", "published"]), value=VALUES | st.just("{x}") | st.just({"x": ["{x}"]}))
def test_families_are_expanded_or_refused(key, value, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "claims.yaml"
    content = {"document": "d", "claims": [CLAIM | {key: value}]}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with contextlib.suppress(ClaimError):
        assert len(read(path)) in (1, 2)


def damaged(content: bytes, data) -> bytes:
    """Bytes replaced, cut out or put in, mostly in the header."""
    at = data.draw(st.integers(0, min(len(content), 600)) | st.integers(0, len(content)))
    junk = data.draw(st.binary(max_size=12))
    return content[:at] + junk + content[at + data.draw(st.sampled_from([0, len(junk), 40, len(content)])) :]


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("networks") / "toy.safetensors"
    checkpoints.save(path, {"epochs": 1, "variants": {"a": {}}}, {"final/a/fc1.weight": torch.ones(2, 3, 4)})
    return path, path.read_bytes()


@FUZZ
@given(data=st.data())
def test_network_files_are_read_or_refused(data, network_file):
    path, content = network_file
    path.write_bytes(damaged(content, data))
    with contextlib.suppress(checkpoints.CheckpointError):
        found = checkpoints.load(path, {"epochs": 1, "variants": {"a": {}}})
        assert torch.equal(found.tensors["final/a/fc1.weight"], torch.ones(2, 3, 4))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.fixture(scope="module")
def prepared_file(tmp_path_factory):
    block = version_of("mnist", PARAMS["data"]["mnist"])
    path = tmp_path_factory.mktemp("prepared") / "mnist.safetensors"
    prepare("mnist", block, ROOT / "data/embedded/mnist", path)
    return path, path.read_bytes()


@settings(FUZZ, max_examples=40)
@given(data=st.data())
def test_prepared_files_are_read_or_refused(data, prepared_file):
    path, content = prepared_file
    path.write_bytes(damaged(content, data))
    with contextlib.suppress(DataError):
        load(path, {"set": "mnist", "train": 10, "test": 10, "grey": False})
    assert [p.name for p in path.parent.iterdir()] == [path.name]
