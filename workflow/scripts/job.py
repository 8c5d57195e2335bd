"""The one adapter between Snakemake and the package: log, path and settings, then `run` of the module."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

# Threads that spin while they wait steal the cores from other jobs: three times the wall time, measured.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from netspectra.machine import keep_memory  # noqa: E402
from netspectra.workflow.layout import resource  # noqa: E402

settings, config = snakemake.params.settings, snakemake.config
kind = "networks" if "network" in settings else "experiments"
threads = resource(config, kind, settings.get("name", "default"), "threads")
os.environ["OPENBLAS_NUM_THREADS"] = str(threads)  # numpy's own, read when it is imported

import importlib  # noqa: E402

keep_memory()
importlib.import_module(snakemake.params.module).run(
    dict(snakemake.input.items()),
    dict(snakemake.output.items()),
    settings | {"threads": threads, "device": config["device"], "scale": config["scale"]},
)
