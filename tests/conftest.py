"""One thread: on matrices this small more of them only wait for each other. And no figure outlives its test."""

import pytest
import torch
from matplotlib import pyplot as plt

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


SLOW = (
    "test_dvc_runs.py",
    "test_own_workflow.py",
    "test_slurm.py",
    "test_faults.py",
    "test_content.py",
    "test_new_experiment.py",
)


def pytest_collection_modifyitems(items):
    """Files that wait for whole runs first, so that none of them is left alone at the end."""
    items.sort(key=lambda item: SLOW.index(item.path.name) if item.path.name in SLOW else len(SLOW))
