"""The one adapter between Snakemake and the package: log, path and what must be set before numbers are loaded."""

import os
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115
sys.path.insert(0, str(Path(snakemake.scriptdir).parents[1] / "src"))

# Threads that spin while they wait steal the cores from other jobs: three times the wall time, measured.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from netspectra.workflow import jobs  # noqa: E402

machine = jobs.machine(snakemake)
os.environ["OPENBLAS_NUM_THREADS"] = str(machine["threads"])  # numpy's own, read when it is imported
gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "not said")
print(f"threads: {machine['threads']} declared, {machine['granted']} granted; CUDA devices: {gpus}")

jobs.run(snakemake)
