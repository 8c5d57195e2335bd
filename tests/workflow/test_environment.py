"""The maker of the environment, with an installer that only pretends."""

import os
import subprocess
import sys

import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "workflow"))
import environment

LISTED = """:env:.cert='/certs/mine.crt'
:env:.find-links='/wheels /more'
global.cert='/certs/other.crt'
global.extra-index-url='https://a/simple https://b/simple'
global.index-url='https://c/simple'
install.trusted-host='d'
freeze.timeout='5'
global.unknown='x'
"""


def test_uv_looks_where_pip_looks():
    assert environment.uv_settings(LISTED) == {
        "SSL_CERT_FILE": "/certs/mine.crt",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX": "https://a/simple https://b/simple",
        "UV_DEFAULT_INDEX": "https://c/simple",
        "UV_INSECURE_HOST": "d",
    }
    assert environment.uv_settings("") == {}


def test_the_lock_of_uv_names_hashes_and_no_index():
    text = (ROOT / "requirements.uv.lock").read_text()
    assert "--hash=sha256:" in text
    assert "index-url" not in text


def pretended(folder, status):
    """A uv that writes down how it was called, on a path of its own."""
    folder.mkdir()
    uv = folder / "uv"
    said = 'echo "Downloading torch (2 GiB)"; echo "error: no way"'
    uv.write_text(f'#!/bin/sh\necho "$@" > {folder}/called\n{said}\nexit {status}\n')
    uv.chmod(0o755)
    return os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(("status", "how"), [(0, "uv"), (2, "pip")])
def test_it_is_made_by_uv_and_where_that_fails_by_pip(tmp_path, status, how):
    lock = tmp_path / "empty.lock"
    lock.write_text("# no packages\n")
    venv = tmp_path / "my env"
    done = subprocess.run(
        [sys.executable, ROOT / "workflow/environment.py", venv, lock, lock],
        env=pretended(tmp_path / "bin", status), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    called = (tmp_path / "bin/called").read_text()
    assert f"--python {venv}/bin/python --require-hashes -r {lock}" in called
    assert ("uv failed (error: no way); going on with pip" in done.stdout) == (how == "pip")
    assert f"ready by {how} after" in done.stdout.splitlines()[-1]
    assert (venv / "bin/python").exists()


def test_what_cannot_be_had_is_said_with_its_remedy(tmp_path):
    lock = tmp_path / "broken.lock"
    lock.write_text(f"nothing-of-this-name==1.0 --hash=sha256:{'0' * 64}\n")
    done = subprocess.run(
        [sys.executable, ROOT / "workflow/environment.py", tmp_path / "env", lock, lock],
        env=pretended(tmp_path / "bin", 2) | {"PIP_NO_INDEX": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    error, remedy = done.stderr.splitlines()
    assert error.startswith("Error: pip: ")
    assert "nothing-of-this-name" in error
    assert remedy.startswith("Remedy: ")


def test_progress_is_one_line_that_changes_or_one_from_time_to_time(capsys, monkeypatch):
    monkeypatch.setattr(environment, "EVERY_S", 0)
    progress = environment.Progress("pip", 3)
    for line in (
        "Collecting torch==2.15 (from x)",
        "noise",
        "Downloading numpy-2.4-cp311.whl",
        "Downloading numpy-2.4",
    ):
        progress.hear(line)
    assert capsys.readouterr().out.splitlines() == [
        "  pip: 1 of 3 packages so far, at torch", "  pip: 2 of 3 packages so far, at numpy-2.4-cp311.whl",
        "  pip: 2 of 3 packages so far, at numpy-2.4",
    ]  # fmt: skip
    progress.live = True
    progress.hear("Installing collected packages: a, b, c")
    progress.end()
    said = capsys.readouterr().out
    assert said == "\r\x1b[K  pip: Installing collected packages\r\x1b[K"
