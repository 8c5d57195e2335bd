"""What a job does to its own process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

JOB = """
import os, sys, time
from netspectra.process import end_with_parent
end_with_parent(0.05)
other = os.fork()
if other:
    print(os.getpid(), other, flush=True)
while True:  # at work, and not waiting for anybody
    pass
"""
STARTER = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def lives(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_job_and_what_it_forked_end_with_the_one_that_started_it():
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    starter = subprocess.Popen([sys.executable, "-c", STARTER, JOB], env=environment, stdout=subprocess.PIPE, text=True)
    job, forked = map(int, starter.stdout.readline().split())
    try:
        assert lives(job) and lives(forked)
        starter.kill()
        starter.wait()
        until = time.monotonic() + 60
        while lives(job) or lives(forked):
            assert time.monotonic() < until, "at work without anybody to wait for it"
            time.sleep(0.05)
    finally:
        starter.stdout.close()
        for process in filter(lives, (job, forked)):
            os.kill(process, signal.SIGKILL)
