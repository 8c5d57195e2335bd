"""What every job read and wrote, by content, so that no result stands that is not of what is in force.

A job writes its record when it has ended well. Before a run every output is held against it: what was changed since, by
hand, by git or by another tool, and whatever its times say, is made again. A file whose size, times and place on the
disk are those of the record is not read again.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from netspectra.files import replacing

FOLDER, ASIDE = Path(".made"), Path(".replaced")
OTHER_MEANING = "made by other settings or code"
Seal = dict[str, list]  # digest and place by path


@dataclass(frozen=True)
class Job:
    """What decides a result.

    Attributes:
        name: Of the rule.
        meaning: Digest of its settings and of its code.
        inputs: Files that it reads.
        outputs: Files that it writes.
    """

    name: str
    meaning: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def record(self) -> Path:
        """Where its record lies: beside those of the same scale or version."""
        return FOLDER / Path(self.outputs[0]).parent / f"{self.name}.json"


def meaning_of(settings: dict, code: str) -> str:
    """Digest of a job's settings and of its code."""
    text = json.dumps([settings, code], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(file: Path | str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sealed(files: Iterable[str]) -> Seal:
    """Digest and place of each file, by its path; None of one that is not there, as official files after a pull."""
    return {file: [digest(file), _place(file)] if Path(file).exists() else [None, None] for file in files}


def write(job: Job, inputs: Seal) -> None:
    """Record a job that has ended well.

    Args:
        job: Whose outputs are there.
        inputs: What it read, sealed when it began.
    """
    content = {"meaning": job.meaning, "inputs": inputs, "outputs": sealed(job.outputs)}
    with replacing(job.record) as temporary:
        temporary.write_text(json.dumps(content))


def read(job: Job) -> dict | None:
    """The record of a job; None where there is none, or none that can be read."""
    try:
        content = json.loads(job.record.read_text())
        return content if set(content) == {"meaning", "inputs", "outputs"} else None
    except (OSError, ValueError):
        return None


def reason(job: Job) -> str | None:
    """Why the outputs of a job that are there are not what it would make now, as far as contents say; or None."""
    if not any(Path(path).exists() for path in job.outputs):
        return None
    if (record := read(job)) is None:
        return "nothing says what they were made of"
    if record["meaning"] != job.meaning:
        return OTHER_MEANING
    for kind, files in (("inputs", job.inputs), ("outputs", job.outputs)):
        if set(record[kind]) != set(files):
            return f"made with other {kind}"
        for file in files:
            if not _holds(file, record[kind][file]):
                return f"{file} was changed since"
    return None


def foreign(job: Job) -> list[str]:
    """Outputs that are there and are not what a job of this name wrote last."""
    record = read(job) or {"outputs": {}}
    there = [path for path in job.outputs if Path(path).is_file()]
    return [path for path in there if path not in record["outputs"] or not _holds(path, record["outputs"][path])]


def set_aside(path: str) -> Path:
    """Keep a copy of a file that somebody else has put in the place of a result; where it lies."""
    kept = ASIDE / f"{path}.{time.strftime('%Y%m%d-%H%M%S')}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, kept)
    return kept


def _holds(file: str, seal: list) -> bool:
    """Whether a file has the recorded content; one that is missing, or was, is for whoever makes it."""
    if not Path(file).exists() or seal[0] is None:
        return True
    return seal[1] == _place(file) or seal[0] == digest(file)


def _place(file: str) -> list[int]:
    """What changes whenever a file is written to or replaced."""
    facts = Path(file).stat()
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]
