"""A logger of Snakemake by its plugin interface: `PYTHONPATH=src snakemake --logger netspectra`.

Snakemake finds it by this package's name where `src` is on the path when it starts. The Snakefile puts the same handler
in the place of Snakemake's own, so that no command of this project has to name it.
"""

from netspectra.console.handler import LogHandler

__all__ = ["LogHandler"]
