"""`netspectra reproduce`: Snakemake, then what was judged and where the page lies."""

from collections.abc import Sequence
from pathlib import Path

from netspectra.commands.console import emit_json, say
from netspectra.commands.project import Project
from netspectra.commands.verdicts import of_project
from netspectra.statistics import listing
from netspectra.workflow import layout

DRY = {"-n", "--dry-run", "--dryrun"}


def run(project: Project, arguments: Sequence[str], *, as_json: bool) -> int:
    """Make what is not made; Snakemake's own exit status.

    Args:
        project: Where.
        arguments: Handed to Snakemake as they are.
        as_json: Whether a summary is said as JSON, on stdout; all that Snakemake says goes to stderr.
    """
    say(f"Reproducing at scale {project.scale}: {' '.join(project.command(*arguments))}")
    status = project.snakemake(*arguments).returncode
    page = Path(layout.page_file(project.settings)).absolute()
    if DRY & set(arguments) or status:
        found = {"scale": project.scale, "status": status}
    else:
        found = {"scale": project.scale, "status": 0, "verdicts": listing.headline(of_project(project)), "page": page}
    if as_json:
        emit_json(found)
    elif "page" in found:
        print("\n".join([*found["verdicts"], f"Report: {page}"]))
    return status
