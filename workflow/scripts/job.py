"""The one adapter between Snakemake and the package: log, path and settings, then `run` of the module."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

# Threads that spin while they wait steal the cores from other jobs: three times the wall time, measured.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from netspectra.machine import end_with_parent, keep_memory  # noqa: E402
from netspectra.workflow.layout import machine_of  # noqa: E402

settings = snakemake.params.settings | machine_of(snakemake.config, snakemake.params.settings)
settings |= {"granted": snakemake.threads, "code": snakemake.params.code}
os.environ["OPENBLAS_NUM_THREADS"] = str(settings["threads"])  # numpy's own, read when it is imported
gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "not said")
print(f"threads: {settings['threads']} declared, {settings['granted']} granted; CUDA devices: {gpus}")

import importlib  # noqa: E402

end_with_parent()
keep_memory()
importlib.import_module(snakemake.params.module).run(
    dict(snakemake.input.items()), dict(snakemake.output.items()), settings
)
