"""Records of what jobs read and wrote, and results that are kept."""

import os

import pytest

from netspectra.workflow import records, results
from netspectra.workflow.records import Job


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that has ended well: it read one file and wrote two."""
    monkeypatch.chdir(tmp_path)
    for name in ("in.txt", "one.csv", "two.json"):
        (tmp_path / name).write_text(name)
    job = Job("job", "meaning", ("in.txt",), ("one.csv", "two.json"))
    records.write(job, records.sealed(job.inputs))
    return job


def rewritten(path, content):
    """Other content of the same length with the time it had."""
    facts = path.stat()
    path.write_text(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_what_ended_well_holds(job):
    assert records.reason(job) is None
    assert records.foreign(job) == []


@pytest.mark.parametrize("file", ["in.txt", "one.csv", "two.json"])
def test_other_content_with_the_same_time_and_size_does_not(job, tmp_path, file):
    rewritten(tmp_path / file, "x" * len(file))
    assert records.reason(job) == f"{file} was changed since"


def test_the_same_content_at_another_time_holds(job, tmp_path):
    for path in tmp_path.glob("*.*"):
        os.utime(path, (0, 0))
    assert records.reason(job) is None


def test_other_settings_code_or_files_do_not_hold(job):
    other = Job("job", "another", job.inputs, job.outputs)
    assert records.reason(other) == "made by other settings or code"
    assert records.reason(Job("job", "meaning", (), job.outputs)) == "made with other inputs"
    assert records.reason(Job("job", "meaning", job.inputs, ("one.csv",))) == "made with other outputs"


def test_what_is_not_there_is_not_stale(job, tmp_path):
    for name in job.outputs:
        (tmp_path / name).unlink()
    assert records.reason(job) is None


@pytest.mark.parametrize("content", [None, "", "{}", '{"meaning": "meaning"}'])
def test_without_a_record_nothing_holds(job, content):
    if content is None:
        job.record.unlink()
    else:
        job.record.write_text(content)
    assert records.reason(job) == "nothing says what they were made of"
    assert records.foreign(job) == ["one.csv", "two.json"]


def test_a_foreign_file_is_set_aside_whole(job, tmp_path):
    (tmp_path / "one.csv").write_text("mine")
    assert records.foreign(job) == ["one.csv"]
    assert records.set_aside("one.csv").read_text() == "mine"


def test_settings_and_code_decide_the_meaning():
    meanings = {records.meaning_of({"a": a}, code) for a in (1, 2) for code in ("x", "y")}
    assert len(meanings) == 4
    assert records.meaning_of({"a": 1, "b": 2}, "x") == records.meaning_of({"b": 2, "a": 1}, "x")


def test_a_kept_result_is_brought_whole_or_not_at_all(job, tmp_path):
    store = tmp_path / "store"
    results.keep(store, "key", job.outputs, 1)
    for name in job.outputs:
        (tmp_path / name).write_text("other")
    assert not results.bring(store, "another", job.outputs)
    assert results.bring(store, "key", job.outputs)
    assert [(tmp_path / name).read_text() for name in job.outputs] == list(job.outputs)
    (store / "key/one.csv").write_text("one.cs")
    (tmp_path / "two.json").write_text("stays")
    assert not results.bring(store, "key", job.outputs)
    assert (tmp_path / "two.json").read_text() == "stays"


def test_what_was_not_used_for_longest_is_dropped(tmp_path):
    store, size = tmp_path / "store", 400_000
    (tmp_path / "a.csv").write_bytes(b"x" * size)
    for age, key in enumerate(["one", "two", "three"]):
        results.keep(store, key, [str(tmp_path / "a.csv")], 1)
        os.utime(store / key, (1000 + age,) * 2)
    results.bring(store, "two", [str(tmp_path / "a.csv")])
    results.keep(store, "four", [str(tmp_path / "a.csv")], 1)
    assert sorted(path.name for path in store.iterdir()) == ["four", "two"]


def test_every_part_of_a_key_counts():
    keys = {
        results.key_of(*parts)
        for parts in (
            ("m", {"threads": 1}, [("a", "1")]),
            ("n", {"threads": 1}, [("a", "1")]),
            ("m", {"threads": 2}, [("a", "1")]),
            ("m", {"threads": 1}, [("a", "2")]),
            ("m", {"threads": 1}, [("b", "1")]),
        )
    }
    assert len(keys) == 5
