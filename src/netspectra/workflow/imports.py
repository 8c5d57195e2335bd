"""Which code a module is made of, so that a workflow can treat code as an input: by meaning, or file by file."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "netspectra"
TEMPLATES = {".html", ".css", ".js"}
ADAPTER = "workflow/scripts/job.py"
DOORS = {"__getattr__", "__dir__"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def digest_of(*modules: str) -> str:
    """Digest of what all code of a job means: of the modules that it calls, all that they import, and the adapter.

    Comments, docstrings and formatting are left out, and what a package gives to readers on demand (`__getattr__` of
    its `__init__.py`), which no job asks for. Templates count byte by byte.

    Raises:
        ModuleNotFoundError: There is no file for a named module.
    """
    found = hashlib.sha256()
    for file in code_of(*modules):
        found.update(f"{file} {_meaning(ROOT.parent / file)}\n".encode())
    return found.hexdigest()[:32]


def code_of(*modules: str) -> list[str]:
    """Files of all code of a job: those of the modules that it calls, and the adapter that calls them."""
    return [*files_of(*modules), ADAPTER]


def files_of(*modules: str) -> list[str]:
    """Files of the named modules and of all that they import inside the package, relative to the project, sorted.

    Imports are read from the syntax, wherever they stand in a file, without running it. What else lies in a package,
    such as a template, belongs to it.

    Raises:
        ModuleNotFoundError: There is no file for a named module.
    """
    found: set[Path] = set()
    waiting = _with_packages(modules)
    while waiting:
        path = _path(waiting.pop())
        if path not in found:
            found |= {path, *_beside(path)}
            waiting += _with_packages(imports(path))
    return sorted(str(path.relative_to(ROOT.parent)) for path in found)


@cache
def imports(path: Path) -> list[str]:
    """Modules of the package that a file imports, by name."""
    names = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{a.name}" for a in node.names if _exists(f"{node.module}.{a.name}")]
    return [name for name in names if name.split(".")[0] == PACKAGE]


@cache
def _meaning(path: Path) -> str:
    content = path.read_bytes() if path.suffix in TEMPLATES else repr(_plain(_without_doors(path))).encode()
    return hashlib.sha256(content).hexdigest()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def forget() -> None:
    """Read files anew the next time."""
    for kept in (digest_of, imports, _meaning, _tree, _exists, _path):
        kept.cache_clear()


def _without_doors(path: Path) -> ast.Module:
    """The syntax of a file; of a package's own file without the functions that open its doors to readers."""
    tree = _tree(path)
    if path.name != "__init__.py":
        return tree
    kept = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in DOORS)]
    return ast.Module(kept, tree.type_ignores)


def _plain(node: object) -> object:
    """A syntax tree as nested tuples: kinds of nodes and what they hold, without docstrings and places in the file."""
    if isinstance(node, ast.AST):
        fields = [(name, getattr(node, name, None)) for name in node._fields]
        held = [(name, _undocumented(node, value) if name == "body" else value) for name, value in fields]
        return type(node).__name__, [(name, _plain(value)) for name, value in held if value is not None and value != []]
    return [_plain(inner) for inner in node] if isinstance(node, list) else node


def _undocumented(node: ast.AST, body: object) -> object:
    return body[1:] if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None else body


def _beside(path: Path) -> list[Path]:
    folder = path.parent if path.name == "__init__.py" else None
    return [p for p in folder.iterdir() if p.suffix in TEMPLATES] if folder else []


def _with_packages(modules: Iterable[str]) -> list[str]:
    """The modules and the packages that they lie in, which Python runs first."""
    return [".".join(name.split(".")[:i]) for name in modules for i in range(1, name.count(".") + 2)]


@cache
def _exists(module: str) -> bool:
    base = ROOT.joinpath(*module.split("."))
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


@cache
def _path(module: str) -> Path:
    if not _exists(module):
        raise ModuleNotFoundError(f"{module}: no such module in {ROOT}")
    base = ROOT.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
