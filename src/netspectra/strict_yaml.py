"""YAML read strictly: what a person wrote by mistake is refused with file and line, not guessed."""

import json
import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

MERGE = "tag:yaml.org,2002:merge"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Plain values only; no key twice, no number that is not finite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: set[Hashable] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            name = None if key.tag == MERGE else self.construct_object(key, deep=True)
            if isinstance(name, Hashable) and name is not None:
                if name in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {name!r} stands twice in one block; keep one of them", key.start_mark
                    )
                seen.add(name)
        return super().construct_mapping(node, deep)

    def finite(self, node: yaml.ScalarNode) -> float:
        """A float, unless it is NaN or infinite."""
        value = self.construct_yaml_float(node)
        if not math.isfinite(value):
            problem = f"found {node.value}, wanted a finite number"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return value


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.finite)


def load(path: Path | str) -> Any:
    """What a YAML file holds.

    Raises:
        ValueError: It is missing or not YAML, has a key twice or a number that is not finite; names file and line.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            found = yaml.load(file, _Loader)
        json.dumps(found, default=str)  # an alias within itself, or a key that is a list
    except yaml.MarkedYAMLError as error:
        raise ValueError(f"{path}, {_where(error)}: {error.problem or error}") from None
    except FileNotFoundError:
        raise ValueError(f"{path}: missing") from None
    except (OSError, yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path}: not YAML: {error}") from None
    return found


def _where(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}" if mark else "somewhere"
