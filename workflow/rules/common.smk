"""The only Python of the rules: where the package is, and what each job reads, is made of and may take."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from netspectra.errors import ClaimError, SettingsError
from netspectra.statistics.claims import published
from netspectra.workflow.imports import digest_of
from netspectra.workflow.layout import captions_of, claims_of, figures_of, folder_of, networks_of, paths
from netspectra.workflow.layout import prepared, raw, resource, sets_in_use, sets_of, version_of
from netspectra.workflow.settings import read, resolve


def ours(function, *arguments):
    """What a function gives; or the end, with what it says last: Snakemake would put a traceback below."""
    try:
        return function(*arguments)
    except (SettingsError, ClaimError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


def code(*modules):
    """What the code of a job means, asked for only where the job may run."""
    return lambda wildcards: digest_of(*modules)
