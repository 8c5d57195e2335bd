"""Nothing is written elsewhere: names, links, folders."""

import os
import stat

import pytest
from official import CONTENT, one_file, put

from netspectra.data.fetch import fetch
from netspectra.data.targets import Part, plain_name, real_folder
from netspectra.errors import DataError


@pytest.mark.parametrize("name", ["a", "A.b", "train-images-idx3-ubyte.gz", "x_1+2.zip", "9" * 100])
def test_plain_names(name):
    assert plain_name(name, "data") == name


OUTWARD = ["..", "../a", "a/b", "/a", "a\\b", "."]
ODD = ["", ".a", "-a", "a\0", "a\n", "a b", "ä", "a" * 101, "a.part", "a.sha256", 1, None, ["a"]]


@pytest.mark.parametrize("name", [*OUTWARD, *ODD])
def test_other_names_are_refused(name):
    with pytest.raises(DataError, match=r"^data\.tiny: wanted a name of at most 100 letters") as error:
        plain_name(name, "data.tiny")
    assert error.value.remedy == "correct data.tiny in params.yaml"


@pytest.mark.parametrize("name", ["../../outside", "/outside", "sub/outside", ".bashrc"])
def test_nothing_is_fetched_under_a_name_that_leads_elsewhere(tmp_path, name):
    put(tmp_path / "source/outside", CONTENT)
    block = one_file(tmp_path / "source")
    for set_, files in ((name, block["files"]), ("tiny", {name: block["files"]["a.bin"]})):
        with pytest.raises(DataError, match="wanted a name"):
            fetch(set_, block | {"files": files}, tmp_path / "deep/raw")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize("plant", [os.symlink, os.link], ids=["symlink", "hard link"])
def test_part_that_is_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path, plant):
    victim = put(tmp_path / "victim", b"precious")
    put(tmp_path / "source/a.bin", CONTENT)
    (tmp_path / "raw").mkdir()
    plant(victim, tmp_path / "raw/a.bin.part")
    fetch("tiny", one_file(tmp_path / "source"), tmp_path / "raw")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert not (tmp_path / "raw/a.bin").is_symlink()


def test_part_that_leads_nowhere_makes_nothing_there(tmp_path):
    os.symlink(tmp_path / "made", tmp_path / "a.part")
    with Part(tmp_path / "a") as part:
        part.write(b"x")
    assert not (tmp_path / "made").exists()


def test_part_that_is_a_pipe_is_replaced(tmp_path):
    os.mkfifo(tmp_path / "a.part")
    with Part(tmp_path / "a") as part:
        part.write(b"x")
    assert (tmp_path / "a.part").read_bytes() == b"x"


def test_link_planted_at_the_last_moment_is_not_followed(tmp_path, monkeypatch):
    victim = put(tmp_path / "victim", b"precious")
    monkeypatch.setattr(Part, "_drop_foreign", lambda part: os.symlink(victim, part.path))
    with pytest.raises(DataError, match=r"a\.part: cannot be written"), Part(tmp_path / "a"):
        pass
    assert victim.read_bytes() == b"precious"


def test_file_that_is_a_link_is_replaced(tmp_path):
    victim = put(tmp_path / "victim", CONTENT)
    put(tmp_path / "source/a.bin", CONTENT)
    (tmp_path / "raw").mkdir()
    os.symlink(victim, tmp_path / "raw/a.bin")
    fetch("tiny", one_file(tmp_path / "source"), tmp_path / "raw")
    assert not (tmp_path / "raw/a.bin").is_symlink()
    assert victim.read_bytes() == CONTENT


@pytest.mark.parametrize("link", ["data", "data/raw", "data/raw/tiny"])
def test_folder_inside_the_project_is_no_link(tmp_path, monkeypatch, link):
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / link).parent.mkdir(parents=True)
    elsewhere.mkdir()
    os.symlink(elsewhere, project / link)
    monkeypatch.chdir(project)
    put(tmp_path / "source/a.bin", CONTENT)
    for folder in ("data/raw/tiny", str(project / "data/raw/tiny")):
        with pytest.raises(DataError, match=f"{link}: a link to {elsewhere}, wanted a folder") as error:
            fetch("tiny", one_file(tmp_path / "source"), type(tmp_path)(folder))
        assert error.value.remedy == f"rm {project / link}"
    assert list(elsewhere.iterdir()) == []


def test_project_may_itself_be_reached_by_a_link(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "link")
    monkeypatch.chdir(tmp_path / "link")
    assert real_folder(tmp_path / "link/data/raw").is_dir()
    assert real_folder(type(tmp_path)("data/raw")).is_dir()


def test_file_where_a_folder_should_be_is_said(tmp_path):
    put(tmp_path / "raw", b"")
    with pytest.raises(DataError, match=r"raw/tiny: cannot be written \(Not a directory\)"):
        real_folder(tmp_path / "raw/tiny")


def test_file_is_written_for_its_owner_to_change_alone(tmp_path):
    put(tmp_path / "source/a.bin", CONTENT).chmod(0o777)
    before = os.umask(0)
    try:
        fetch("tiny", one_file(tmp_path / "source"), tmp_path / "raw")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "raw/a.bin").stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_folder_that_is_read_only_is_said(tmp_path):
    (tmp_path / "raw").mkdir(mode=0o555)
    with pytest.raises(DataError, match=r"cannot be written \(Permission denied\)\nRemedy: make .*raw writable"):
        fetch("tiny", one_file(tmp_path), tmp_path / "raw")
