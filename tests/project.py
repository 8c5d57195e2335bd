"""A small copy of the project, to run, kill and break."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from copy import copy
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
WAIT_S = 120


class Project:
    """One network of the project and what is measured of it in a folder of their own, saving states often."""

    def __init__(self, folder: Path, experiments: tuple[str, ...] = ("align_training",)) -> None:
        self.folder, self.experiments = folder, experiments
        folder.mkdir(exist_ok=True)
        for name in ("Snakefile", "Makefile", "workflow", "src", "profiles", "pyproject.toml", ".gitignore"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
        (folder / "data").mkdir()
        (folder / "data/embedded").symlink_to(ROOT / "data/embedded")
        self.write_params()

    def at(self, folder: Path) -> "Project":
        """The same project in another folder, where it stands already."""
        other = copy(self)
        other.folder = folder
        return other

    def write_params(self, **changed: object) -> None:
        """A params.yaml of scale smoke with what the experiments need."""
        params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        smoke = params["scales"]["smoke"]
        params["experiments"] = {name: params["experiments"][name] for name in self.experiments}
        read = {name for block in params["experiments"].values() for name in block.get("networks", [])} | {"align_mlp"}
        params["networks"] = {name: block for name, block in params["networks"].items() if name in read}
        over = {
            kind: {n: b for n, b in smoke[kind].items() if n in params[kind]} for kind in ("networks", "experiments")
        }
        over["networks"]["align_mlp"] |= {"epochs": 60}
        params |= {"scale": "smoke", "untried": [], "data": {"mnist": params["data"]["mnist"]}}
        params["scales"] = {"smoke": over} | {name: {} for name in ("sample", "evening", "paper")}
        for kind in ("networks", "experiments"):
            jobs = params["resources"][kind]
            params["resources"][kind] = {n: job for n, job in jobs.items() if n in ("default", *params[kind])}
        params["resources"] |= {"save_every_s": 0.2}
        text = yaml.safe_dump(params | changed, sort_keys=False)
        (self.folder / "params.yaml").write_text(text, encoding="utf-8")

    def put_under_dvc(self, remote: Path) -> None:
        """Stages, git and DVC, whose remote is a folder."""
        shutil.copytree(ROOT / ".dvc", self.folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
        config = self.folder / ".dvc/config"
        config.write_text(config.read_text().replace("../../netspectra-store", str(remote)))
        ignored = self.folder / ".gitignore"  # here the metrics of smoke are the ones that count
        ignored.write_text(ignored.read_text().replace("/data/smoke/\n", ""))
        stages = self.succeed("python", "-m", "netspectra.workflow.stages", PYTHONPATH="src")
        (self.folder / "dvc.yaml").write_text(stages)
        self.succeed("git", "init", "-q")
        self.name_its_author()
        self.commit("start")

    def name_its_author(self) -> None:
        """Whom git writes down."""
        for key in ("name", "email"):
            self.succeed("git", "config", f"user.{key}", "t@t")

    def commit(self, message: str) -> None:
        """All that git does not ignore."""
        self.succeed("git", "add", "-A")
        self.succeed("git", "commit", "-qm", message)

    def environment(self, **changed: str) -> dict[str, str]:
        """Of a plain user who has put the environment's programs on the path."""
        return os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1", "VERBOSE": ""} | changed

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess:
        """Run a command to its end."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(**environment), capture_output=True, text=True,
            encoding="utf-8", errors="replace", timeout=5 * WAIT_S, check=False,
        )  # fmt: skip

    def succeed(self, *command: str, **environment: str) -> str:
        """Run a command that must succeed; what it said."""
        done = self.run(*command, **environment)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    def start(self, *command: str) -> subprocess.Popen:
        """Start a command in a process group of its own."""
        with (self.folder / "said.log").open("w") as said:
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment(), stdout=said, stderr=said, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
            )  # fmt: skip

    def said(self) -> str:
        """What the command that was started has said so far."""
        return (self.folder / "said.log").read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str) -> None:
        """Until a file of that pattern is there."""
        until = time.monotonic() + WAIT_S
        while not any(self.folder.glob(pattern)):
            assert time.monotonic() < until, f"no {pattern} after {WAIT_S} s: {self.said()}"
            time.sleep(0.02)

    def results(self) -> dict[str, str]:
        """Checksums of networks, tables, metrics and figures."""
        found = {}
        for folder in (
            "data/prepared/full",
            "data/smoke/networks",
            "data/smoke/tables",
            "data/smoke/metrics",
            "figures/smoke",
        ):
            for path in sorted((self.folder / folder).glob("*")):
                found[f"{folder}/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def nothing_to_do(self) -> bool:
        """Whether Snakemake finds everything done."""
        return "Nothing to be done" in self.succeed("snakemake", "-n")


def kill(process: subprocess.Popen) -> None:
    """kill -9 of a command and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.3)


def job_of(process: subprocess.Popen, word: str) -> int:
    """Process number of the job that a command has started, by a word of its command line."""
    listed = subprocess.run(["ps", "-ewwo", "pid,pgid,args"], capture_output=True, text=True, check=True).stdout
    found = [line.split(None, 2) for line in listed.splitlines()[1:]]
    jobs = [int(pid) for pid, group, args in found if int(group) == process.pid and word in args]
    assert jobs, f"no {word} under {process.pid}: {listed}"
    return jobs[-1]
