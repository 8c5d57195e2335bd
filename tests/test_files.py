"""Files that appear whole, beside what writers that were killed have left."""

import os
import subprocess
import sys
import time

import pytest

from netspectra import files
from netspectra.files import replacing


def write(path, text="new"):
    with replacing(path) as temporary:
        temporary.write_text(text)
    return temporary.name


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.json"


def leave(path, place=None, number=None, started=None, days=0):
    """What a writer has left: by default one on this machine whose process is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    name = f".{path.name}.{place or files._place()}-{number or gone.pid}-{1 if started is None else started}.part"
    left = path.with_name(name)
    left.write_text("half")
    os.utime(left, (time.time() - days * 86_400,) * 2)
    return left


def test_a_file_appears_whole_or_not_at_all(path):
    write(path, "old")
    with pytest.raises(KeyError), replacing(path) as temporary:
        temporary.write_text("ha")
        raise KeyError
    assert path.read_text() == "old"
    write(path)
    assert path.read_text() == "new"
    assert os.listdir(path.parent) == ["x.json"]


def test_what_a_dead_writer_left_is_removed(path):
    left = leave(path)
    write(path)
    assert not left.exists()


def test_what_a_living_writer_writes_stays(path):
    left = leave(path, number=os.getpid(), started=files._started(os.getpid()))
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary == left  # it is this process's own
        files.clear_killed(path.parent)
        assert left.exists()


def test_a_writer_on_another_machine_is_not_taken_for_dead(path):
    """Its process number says nothing here: the process of that number is not there, and the writer lives."""
    left = leave(path, place="0123456789ab")
    write(path)
    assert left.exists()


def test_what_a_writer_elsewhere_has_not_touched_for_long_is_removed(path):
    old = [leave(path, place="0123456789ab", days=8), leave(path, place="ba9876543210", days=6)]
    nameless = path.with_name(f".{path.name}.odd.part")
    nameless.write_text("?")
    write(path)
    assert [left.exists() for left in (*old, nameless)] == [False, True, True]


def test_a_process_number_that_was_given_again_does_not_keep_a_leftover(path):
    left = leave(path, number=os.getpid(), started=int(files._started(os.getpid())) - 1)
    write(path)
    assert not left.exists()


def test_leftovers_of_other_files_stay_until_the_folder_is_cleared(path):
    left = leave(path.with_name("y.json"))
    write(path)
    assert left.exists()
    files.clear_killed(path.parent)
    assert not left.exists()
    assert path.exists()
