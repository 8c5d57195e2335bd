import pytest

from netspectra.console import times
from netspectra.console.times import Taken, earlier, taken
from netspectra.console.words import about, duration, memory

HEADER = "s\th:m:s\tmax_rss\tmax_vms\n"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min"), (181, "3 min 1 s"), (3600, "1 h"), (3660 + 59, "1 h 1 min")],
)
def test_a_time_is_said_in_its_two_largest_units(seconds, said):
    assert duration(seconds) == said


def test_what_is_not_known_well_is_said_in_minutes():
    assert [about(s) for s in (5, 60, 26 * 60 + 20, 150 * 60)] == [
        "less than a minute", "about 1 min", "about 26 min", "about 2 h 30 min",
    ]  # fmt: skip


def test_memory_is_said_where_it_is_known():
    assert [memory(mb) for mb in (None, 31.2, 999.9, 1594.5)] == ["", "31 MB", "1000 MB", "1.6 GB"]


def test_the_last_line_of_a_benchmark_counts(tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text(f"{HEADER}10.42\t0:00:10\t611.15\t9\n12.5\t0:00:12\t-\t9\n")
    assert taken(file) == Taken(12.5, None)


@pytest.mark.parametrize("content", ["", HEADER, "s\n4\n", f"{HEADER}x\t0\t1\t1\n", "\x00\xff"])
def test_what_is_no_benchmark_says_nothing(tmp_path, content):
    (tmp_path / "a.tsv").write_bytes(content.encode("latin-1"))
    assert taken(tmp_path / "a.tsv") is None


def test_what_a_job_took_here_comes_before_what_it_took_elsewhere(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a.tsv").write_text(f"{HEADER}7\t0\t1\t1\n")
    typical = tmp_path / "typical.tsv"
    typical.write_text("scale\tjob\tseconds\nfull\ta\t100\nfull\tb\t30\nsmall\tb\t3\n")
    assert earlier("full", tmp_path, typical) == {"a": 7, "b": 30}
    assert earlier("small", tmp_path, typical) == {"b": 3}
    assert earlier("full", tmp_path / "none", tmp_path / "none.tsv") == {}


def test_typical_times_are_written_from_benchmarks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (times.RESULTS / "small").mkdir(parents=True)
    (times.RESULTS / "small/a.tsv").write_text(f"{HEADER}7.04\t0\t1\t1\n")
    assert times.main(["small"]) == 0
    assert times.TYPICAL.read_text() == "scale\tjob\tseconds\nsmall\ta\t7.0\n"
    assert earlier("small", tmp_path / "none", times.TYPICAL) == {"a": 7}
