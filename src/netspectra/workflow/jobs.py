"""One job of the workflow: what it reads is sealed, its result is computed or brought, and all that is recorded."""

import importlib
import os
import traceback
from pathlib import Path
from typing import Any

from netspectra.errors import NetspectraError, said
from netspectra.process import end_with_parent, keep_memory
from netspectra.workflow import imports, records, results
from netspectra.workflow.layout import machine_of

STORE = "NETSPECTRA_STORE"  # names a folder of finished work that several clones have in common
ERRORS = records.FOLDER / "errors"
REMEDY = "change what is named, then run again: what is finished stays"


def run(job: Any) -> None:
    """Run a job that Snakemake has started; a known error ends it in one line with its remedy.

    Args:
        job: Snakemake's object of that name in scripts.
    """
    try:
        _run(job)
    except Exception as error:
        traceback.print_exc()
        ERRORS.mkdir(parents=True, exist_ok=True)
        (ERRORS / f"{job.rule}.txt").write_text(f"{told(error)}\nLog: {job.log[0]}\n", encoding="utf-8")
        raise SystemExit(1) from None


def told(error: BaseException) -> str:
    """An error with its remedy, also where the message holds it."""
    text = said(error)
    if "\nRemedy: " not in text:
        text += f"\nRemedy: {REMEDY}"
    if isinstance(error, NetspectraError | OSError):
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    return text.replace("\n", f" ({last.filename}, line {last.lineno})\n", 1)


def machine(job: Any) -> dict:
    """What the job is told of the machine."""
    found = machine_of(job.config, job.params.settings)
    return found | {"granted": job.threads, "code": job.params.code["digest"]}


def _run(job: Any) -> None:
    end_with_parent()
    keep_memory()
    known = _known(job)
    read = records.sealed(known.inputs)
    for path in records.foreign(known):
        if path.endswith(".safetensors"):
            print(f"{path} is not what this job wrote last; a copy is kept: {records.set_aside(path)}")
    settings = job.params.settings | machine(job)
    _result(job, known, read, settings)
    records.write(known, read)


def _known(job: Any) -> records.Job:
    meaning = records.meaning_of(job.params.settings, job.params.code["digest"])
    inputs, outputs = (tuple(dict.fromkeys(map(str, files))) for files in (job.input, job.output))
    return records.Job(job.rule, meaning, inputs, outputs)


def _result(job: Any, known: records.Job, read: records.Seal, settings: dict) -> None:
    """Bring the result from the store, or compute it and keep it, where the rule says that it may be kept."""
    kept = job.params.get("kept", False)
    folder = Path(os.environ.get(STORE) or ".store") / "results"
    deciding = {key: settings[key] for key in ("scale", "device", "threads")}
    key = results.key_of(known.meaning, deciding, [(Path(path).name, seal[0]) for path, seal in read.items()])
    if kept and results.bring(folder, key, known.outputs):
        print(f"brought from {folder}/{key}: the same inputs, settings and code")
        return
    _code_is_that_of(job)
    importlib.import_module(job.params.code["modules"][0]).run(
        dict(job.input.items()), dict(job.output.items()), settings
    )
    _code_is_that_of(job)
    if kept:
        results.keep(folder, key, known.outputs, job.config["resources"]["results_mb"])


def _code_is_that_of(job: Any) -> None:
    """Refuse a result of code that is not the code it would be recorded under."""
    imports.forget()
    if imports.digest_of(*job.params.code["modules"]) != job.params.code["digest"]:
        raise NetspectraError(
            f"{job.rule}: the code was changed while this job ran; nothing of it is kept", "run it again"
        )
