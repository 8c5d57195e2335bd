"""What Snakemake would run, and why, read from its dry run."""

import ast
import re
from collections.abc import Sequence

from netspectra.commands.project import Project
from netspectra.errors import NetspectraError
from netspectra.overlays import first_difference

JOB = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", re.M)
REASON = re.compile(r"^    reason: (.*)$", re.M)
STALE = re.compile(r"^(\w+): (.*); made again where it is asked for$", re.M)
BOTH = re.compile(r"Params have changed.*?before: (.*) now: (.*)$")
PARTS = re.compile(r"; (?=[A-Z])")
FEW = 3


def planned(project: Project, targets: Sequence[str] = ()) -> dict[str, str]:
    """Why each job would run, by rule; empty where all is done.

    Args:
        project: Where.
        targets: What is asked for; all if none is named.

    Raises:
        NetspectraError: Snakemake refuses; says what it says last.
    """
    done = project.snakemake("-n", "--nolock", *(["--", *targets] if targets else []), capture=True)
    if done.returncode:
        raise _refused(done.stdout + done.stderr)
    return read(done.stdout + done.stderr)


def read(text: str) -> dict[str, str]:
    """Jobs and reasons in what a dry run says; "all", which makes nothing, is left out."""
    stale = dict(STALE.findall(text))
    found = {name: REASON.search(block) for name, block in JOB.findall(text)}
    return {n: stale.get(n) or in_short(r[1] if r else "") for n, r in found.items() if n != "all"}


def in_short(reason: str) -> str:
    """Snakemake's reasons without what fills pages: of changed settings the first that differs, of files the first."""
    both = BOTH.search(reason)
    others = reason[: both.start()] if both else reason
    told = [_few(part.strip(" ;")) for part in PARTS.split(others) if part.strip(" ;")]
    return "; ".join([*told, *([_difference(*both.groups())] if both else [])])


def _few(part: str) -> str:
    head, colon, files = part.partition(": ")
    listed = files.split(", ")
    more = f" and {len(listed) - FEW} more" if len(listed) > FEW else ""
    return f"{head[:1].lower()}{head[1:]}{colon}{', '.join(listed[:FEW])}{more}"


def _difference(before: str, now: str) -> str:
    try:
        was, become = (ast.literal_eval(f"[{text.strip().strip(',')}]") for text in (before, now))
    except (ValueError, SyntaxError):
        return "settings have changed"
    told = [_told(a, b) for a, b in zip(was, become, strict=False) if a != b]
    return "; ".join(filter(None, told)) or "settings have changed"


def _told(was: object, become: object) -> str:
    if isinstance(become, dict) and "digest" in become:
        return f"code of {', '.join(become['modules'])} has changed"
    found = first_difference(was, become) or ""
    return re.sub(r": file has (.*), params.yaml has (.*)$", r": \1 when it was made, now \2", found).lstrip(": ")


def _refused(text: str) -> NetspectraError:
    lines = text.strip().splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("Error: ")]
    if not starts:
        return NetspectraError(f"snakemake: {lines[-1] if lines else 'said nothing'}", "snakemake -n, which says more")
    said, _, remedy = "\n".join(lines[starts[-1] :]).removeprefix("Error: ").partition("\nRemedy: ")
    return NetspectraError(said, remedy.partition("\n")[0])
