"""One thread: on matrices this small more of them only wait for each other. And no figure outlives its test."""

import pytest
import torch
from matplotlib import pyplot as plt

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")
