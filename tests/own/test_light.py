"""Importing costs nothing, and the instrument needs no more than the base dependencies."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"
BLOCKED = ("pydantic", "yaml", "torchvision", "jinja2", "typer", "rich", "snakemake", "dvc")


def run(code):
    """Standard output of Python in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(SOURCES)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_nothing_large():
    code = """
        import sys
        import netspectra
        assert {"lens", "wrap", "compare", "load_view", "View"} <= set(dir(netspectra))
        print(sorted({"torch", "numpy", "pandas", "scipy", "matplotlib"} & set(sys.modules)))
    """
    assert run(code).strip() == "[]"


def test_rooms_and_doors_are_there_and_nothing_else():
    code = """
        import netspectra
        import netspectra.lenses.alignment
        assert netspectra.lenses.alignment.layer_alignment is not None
        assert netspectra.measures.__name__ == "netspectra.measures"
        assert callable(netspectra.lens) and callable(netspectra.wrap) and callable(netspectra.compare)
        try:
            netspectra.lense
        except AttributeError as error:
            print(error)
    """
    assert "has no attribute 'lense'" in run(code)


def test_the_instrument_works_where_no_more_than_the_base_is_installed():
    code = f"""
        import sys
        for name in {BLOCKED!r}:
            sys.modules[name] = None
        import torch
        import netspectra
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
        data = [(torch.randn(20, 6), torch.randint(3, (20,))) for _ in range(2)]
        view = netspectra.lens(model, data, null=3)
        assert len(view.table) and not len(view.skipped), view.skipped
        for name in view.figures:
            view.figure(name)
        try:
            view.page("page.html")
        except RuntimeError as error:
            print(error)
    """
    out = run(code)
    assert "page: Jinja2 is not installed" in out
    assert "Remedy: pip install jinja2" in out
