"""params.yaml: the scale's overlay laid over the documents' own numbers, checked against a closed schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from netspectra.errors import SettingsError
from netspectra.overlays import merge


def resolve(params: dict, schema: Path | str) -> dict:
    """The settings in force: `params` with the overlay of its scale laid over, without the overlays themselves.

    Args:
        params: The whole of params.yaml.
        schema: JSON schema of the result, in YAML.

    Raises:
        SettingsError: Names each wrong key, what was found and what is allowed.
    """
    params = json.loads(json.dumps(params))
    scales, scale = params.pop("scales", None), params.get("scale")
    if not isinstance(scales, dict) or not all(isinstance(over, dict) for over in scales.values()):
        raise SettingsError(f"params.yaml: scales: wanted a block per scale, {{}} for no change, found {scales!r}")
    if not isinstance(scale, str) or scale not in scales:
        raise SettingsError(f"params.yaml: scale: found {scale!r}, allowed: {', '.join(scales)}")
    settings = merge(params, scales[scale])
    if problems := sorted(_problems(settings, yaml.safe_load(Path(schema).read_text()))):
        raise SettingsError("params.yaml, after the scale's overlay:\n  " + "\n  ".join(problems))
    return settings


def _problems(settings: dict, schema: dict) -> Iterator[str]:
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(schema).iter_errors(settings):
        yield from _say(error)


def _say(error: Any) -> Iterator[str]:
    where = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties":
        allowed = ", ".join(sorted(error.schema.get("properties", {})))
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        yield from (f"{where}: unknown key {key!r}; allowed: {allowed}" for key in unknown)
    elif error.context:  # of several forms allowed, report on the one that fits best
        best = min(error.context, key=lambda e: (e.validator in ("const", "type"), -len(e.absolute_path)))
        yield from _say(best)
    elif error.validator == "required":
        yield f"{where}: {error.message}"
    else:
        wanted = error.validator_value
        meaning = error.schema.get("description", "")
        yield f"{where}: found {error.instance!r}, wanted {error.validator} {wanted}" + (
            f" ({meaning})" if meaning else ""
        )
