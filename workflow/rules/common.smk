"""The only Python of the rules: where the package is, and what each job reads, is made of and may take."""

import atexit
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from netspectra.console.handler import take_over
from netspectra.data.mirrors import held, mirrors_in_force
from netspectra.errors import NetspectraError, said
from netspectra.statistics.claims import published, read_all
from netspectra.statistics.replication import least_replicates
from netspectra.workflow import jobs, layout, own_networks, records, stale
from netspectra.workflow.imports import digest_of
from netspectra.workflow.layout import captions_of, claims_of, figures_of, folder_of, networks_of, resource
from netspectra.workflow.pull import PULLED
from netspectra.workflow.settings import read, resolve


def ours(function, *arguments):
    """What a function gives; or the end, with what it says last: Snakemake would put a traceback below."""
    try:
        return function(*arguments)
    except (NetspectraError, OSError) as error:
        sys.exit(said(error))


def code(*modules):
    """The module that a job runs, the others it is made of, and what all that means; asked for where the job may run."""
    return lambda wildcards: {"modules": modules, "digest": digest_of(*modules)}


def job_of(rule):
    """A rule as its records know it."""
    meaning = records.meaning_of(rule.params["settings"], rule.params["code"](None)["digest"])
    inputs, outputs = (tuple(dict.fromkeys(map(str, files))) for files in (rule.input, rule.output))
    return records.Job(rule.name, meaning, inputs, outputs)


def refused():
    """Official files that were accepted on the word of a mirror that is named no more, by the job that fetched them."""
    mirrors = mirrors_in_force(config["download"]["mirrors"])
    found = {}
    for name, block in layout.sets_in_use(config).items():
        facts = layout.version_of(name, block)["files"]
        for path in map(Path, layout.raw(name, block)):
            if path.exists() and not (word := held(path, facts[path.name])).in_force(mirrors):
                found[f"fetch_{name}"] = f"{path} was accepted on the word of {word.mirror}, a mirror no more"
    return found


def make_stale_again():
    """Have made again what is not what its job would make now, whatever its time says; and say what was changed."""
    pulled = os.environ.get(PULLED, "").split()
    for one in filter(made, workflow.rules):
        if one.name in pulled and all(Path(path).exists() for path in one.output):
            records.write(job_of(one), records.sealed(job_of(one).inputs))
    for name, why in stale.mark(map(job_of, filter(made, workflow.rules)), refused()).items():
        print(f"{name}: {why}; made again where it is asked for", file=sys.stderr)


def made(rule):
    """Whether a rule makes something."""
    return bool(rule.output)


def ask_for_one_scale():
    """Refuse targets of another scale, such as those of a dvc.yaml that was made for it."""
    scale = config["scale"]
    for target in sys.argv[1:]:
        place = re.match(r"(?:figures|report|data)/(\w+)/", target)
        if place and place[1] != scale and place[1] in SCALES:
            error = f"{target} is of scale {place[1]}, and the scale in force is {scale}"
            raise NetspectraError(error, f"make stages, if dvc.yaml asks for it; else --config scale={place[1]}")


def take_places():
    """Refuse places of results that are no folders: Snakemake would end in a traceback."""
    for place in {parent for one in filter(made, workflow.rules) for parent in Path(str(one.output[0])).parents}:
        if place.exists() and not place.is_dir():
            raise NetspectraError(f"{place}: found a file, wanted a folder for results", f"mv {place} {place}.mine")


def check_claims():
    """Refuse claims that are wrongly written, whatever is asked for."""
    for claim in read_all(map(claims_of, config["experiments"])):
        for key, scale in [(key, scale) for key in ("holds", "reason") for scale in getattr(claim, key)]:
            if scale not in SCALES:
                problem = f"{claims_of(claim.experiment)}: {claim.id}: {key}: found {scale!r}"
                raise NetspectraError(f"{problem}, wanted of {', '.join(SCALES)}", "name a scale of params.yaml")


def say_errors(since):
    """What failed in this run, as the last lines on the console."""
    for file in sorted(jobs.ERRORS.glob("*.txt")):
        if file.stat().st_mtime >= since:
            print(file.read_text(encoding="utf-8"), end="", file=sys.stderr)
            file.unlink()
