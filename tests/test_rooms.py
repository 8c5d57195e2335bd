"""Imports between rooms point one way, experiments stand alone, functions are short, nothing stands twice."""

import ast
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from netspectra.workflow import imports

PACKAGE = Path(imports.__file__).parents[1]
FILES = {path.relative_to(PACKAGE): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
SHARED_LINES = 10

# What a room may import; what is in no room may be imported by all rooms but measures.
BELOW = {
    "measures": set(),
    "data": set(),
    "statistics": set(),
    "figures": {"statistics"},
    "networks": {"measures"},
    "training": {"measures", "networks", "data"},
    "lenses": {"measures", "networks", "data"},
    "own": {"measures", "networks", "lenses", "statistics", "figures"},
    "experiments": {"measures", "networks", "data", "lenses", "own", "statistics", "figures"},
    "explorables": {"measures", "networks", "data", "lenses"},
    "workflow": {"statistics"},
    "report": {"statistics", "figures"},
    "console": {"statistics", "workflow"},
    "commands": {"own", "statistics", "workflow"},
}
BASE = {"errors", "files", "machine", "process", "overlays", "provenance", "blocks", "problems", "strict_yaml"}
DOORS = {"__init__", "cli", "__main__"}
RUNNERS = {"measuring", "drawing"}


def rooms_of(name: Path) -> set[str]:
    """First parts of what a file imports of the package."""
    return {module.split(".")[1] for module in imports.imports(FILES[name]) if "." in module}


def outside_of(name: Path) -> set[str]:
    """Other packages that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_every_room_and_every_module_outside_of_rooms_is_known():
    folders = {name.parts[0] for name in FILES if len(name.parts) > 1}
    assert folders == set(BELOW)
    assert {name.stem for name in FILES if len(name.parts) == 1} <= BASE | DOORS


@pytest.mark.parametrize("room", BELOW)
def test_imports_between_rooms_point_one_way(room):
    allowed = {room, *BELOW[room], *(() if room == "measures" else BASE)}
    inside = [name for name in FILES if name.parts[0] == room]
    assert inside
    assert {str(name): rooms_of(name) - allowed for name in inside if rooms_of(name) - allowed} == {}


def test_what_all_import_imports_no_room():
    base = [name for name in FILES if len(name.parts) == 1 and name.stem in BASE]
    assert {str(name): rooms_of(name) - BASE for name in base if rooms_of(name) - BASE} == {}


def experiments():
    return sorted({name.parts[1] for name in FILES if name.parts[0] == "experiments" and len(name.parts) == 3})


@pytest.mark.parametrize("experiment", experiments())
def test_no_experiment_imports_another(experiment):
    own = f"netspectra.experiments.{experiment}"
    for name in (name for name in FILES if name.parts[:2] == ("experiments", experiment)):
        found = [m for m in imports.imports(FILES[name]) if m.startswith("netspectra.experiments.")]
        others = [m for m in found if not f"{m}.".startswith(f"{own}.") and m.split(".")[2] not in RUNNERS]
        assert others == [], name


def test_rules_stages_pages_console_plots_and_settings_know_no_tensors():
    free = [n for n in FILES if n.parts[0] in ("workflow", "report", "console") or n.name in ("plot.py", "settings.py")]
    free += [Path("experiments/drawing.py"), Path("statistics/verdicts.py")]
    for name in free:
        module = "netspectra." + ".".join(name.with_suffix("").parts).removesuffix(".__init__")
        used = [Path(*Path(file).parts[2:]) for file in imports.files_of(module) if file.endswith(".py")]
        assert {str(other) for other in used if outside_of(other) & {"torch", "torchvision", "safetensors"}} == set(), (
            name
        )


def bodies():
    """Lines of every function without its docstring."""
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                if body:
                    yield body[-1].end_lineno - body[0].lineno + 1


def test_functions_are_short():
    lengths = list(bodies())
    assert len(lengths) > 300
    assert statistics.median(lengths) <= 5
    assert statistics.quantiles(lengths, n=10)[-1] <= 14


def test_no_ten_lines_stand_twice():
    seen = defaultdict(list)
    for name, path in FILES.items():
        numbered = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        lines = [(number, line.strip()) for number, line in numbered if line.strip()]
        for i in range(len(lines) - SHARED_LINES + 1):
            seen[tuple(text for _, text in lines[i : i + SHARED_LINES])].append(f"{name}:{lines[i][0]}")
    assert [places for places in seen.values() if len(places) > 1] == []
