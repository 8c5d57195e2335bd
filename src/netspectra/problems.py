"""What is wrong with a block, one line a problem: where, what was found, what is allowed, what to do."""

import difflib
import re
import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

TOO_FAR = 60
WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a block of keys and values",
    "model_type": "a block of keys and values",
    "model_attributes_type": "a block of keys and values",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "less than {lt:g}",
    "too_short": "{min_length} entries or more",
    "too_long": "{max_length} entries or fewer",
    "string_pattern_mismatch": "text like {pattern}",
    "literal_error": "one of {expected}",
    "union_tag_invalid": "one of {expected_tags}",
}
NUMBERS = ("int_type", "float_type", "int_parsing")
EXPONENT = re.compile(r"([-+]?\d+)(\.\d*)?[eE]([-+]?)(\d+)")


def lines(error: ValidationError, model: type[BaseModel], above: Sequence[str | int] = ()) -> Iterator[str]:
    """One line a problem of a block that did not pass.

    Args:
        error: What the model said.
        model: The model.
        above: Where the block stands.
    """
    for problem in error.errors(include_url=False):
        shown, allowed, description = _place(model, problem["loc"])
        yield _say([*above, *shown], problem, allowed, description)


def path(parts: Sequence[str | int]) -> str:
    """Keys from the top as one word."""
    return ".".join(map(str, parts)) or "top level"


def unknown(parts: Sequence[str | int], key: object, allowed: Sequence[str]) -> str:
    """A key that nothing reads, with what may stand there."""
    near = difflib.get_close_matches(str(key), allowed, 1)
    remedy = f"; did you mean {near[0]!r}?" if near else ""
    return f"{path(parts)}: unknown key {key!r}; allowed: {', '.join(allowed) or 'none'}{remedy}"


def _say(parts: list, problem: dict, allowed: list[str], description: str) -> str:
    kind, value, meaning = problem["type"], problem["input"], f" ({description})" if description else ""
    if kind == "extra_forbidden":
        return unknown(parts[:-1], parts[-1], allowed)
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        parts = [*parts, problem["ctx"]["discriminator"].strip("'")]
        value = problem["ctx"].get("tag")
    if kind in ("missing", "union_tag_not_found"):
        return f"{path(parts)}: missing{meaning}; add it"
    if kind == "value_error":
        text = str(problem["ctx"]["error"])
        return f"{path(parts)}{': ' if text.startswith('found') else '.'}{text}{meaning}"
    if parts[-1:] == ["[key]"]:
        return f"{path(parts[:-1])}: found the key {value!r}, wanted {_wanted(problem)}; write it in quotes"
    return f"{path(parts)}: found {_short(value)}, wanted {_wanted(problem)}{meaning}{_remedy(kind, value)}"


def _wanted(problem: dict) -> str:
    known = WANTED.get(problem["type"])
    return known.format(**problem.get("ctx", {})) if known else problem["msg"].removeprefix("Input should be ")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= TOO_FAR else text[: TOO_FAR - 4] + " ..."


def _remedy(kind: str, value: object) -> str:
    if kind not in NUMBERS or not isinstance(value, str):
        return ""
    if found := EXPONENT.fullmatch(value):
        whole, part, sign, power = found.groups()
        return f"; YAML reads {value} as text: write {whole}{part or '.0'}e{sign or '+'}{power}"
    return "; write it without quotes" if re.fullmatch(r"[-+]?[\d.]+", value) else ""


def _place(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[list, list[str], str]:
    """Keys as a person wrote them, the keys allowed in the last block, and what the value means."""
    here, shown, description, allowed = model, [], "", sorted(model.model_fields)
    for part in loc:
        here, meaning, is_tag = _below(_plain(here), part)
        if is_tag:
            allowed = sorted(here.model_fields)
            continue
        shown.append(part)
        description = meaning or description
        block = _plain(here)
        if part is not loc[-1] and isinstance(block, type) and issubclass(block, BaseModel):
            allowed = sorted(block.model_fields)
    return shown, allowed, description


def _below(here: Any, part: str | int) -> tuple[Any, str, bool]:
    """The type one step down, what it means, and whether the step only says which of several forms was taken."""
    if isinstance(here, type) and issubclass(here, BaseModel):
        field = here.model_fields.get(part)
        return (field.annotation, field.description or "", False) if field else (Any, "", False)
    if get_origin(here) in (Union, types.UnionType):
        chosen = [option for option in get_args(here) if part in _tags(option)]
        return (chosen[0], "", True) if chosen else (Any, "", False)
    return (get_args(here)[-1] if get_origin(here) in (list, dict) else Any), "", False


def _plain(annotation: Any) -> Any:
    """A type without its constraints, and without "or null"."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        return _plain(options[0]) if len(options) == 1 else Union[tuple(options)]  # noqa: UP007 (made at run time)
    return annotation


def _tags(option: Any) -> list[str]:
    """The names that tell this form from others: its tag, or those of its `name` or `type`."""
    if get_origin(option) is Annotated:
        return [mark.tag for mark in option.__metadata__ if isinstance(mark, Tag)]
    fields = getattr(option, "model_fields", {})
    kinds = [fields[key].annotation for key in ("name", "type") if key in fields]
    return [tag for kind in kinds if get_origin(kind) is Literal for tag in get_args(kind)]
