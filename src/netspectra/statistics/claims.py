"""What the documents say, as statements that a machine can judge: claims.yaml of every experiment, families expanded.

document: alignment
published: {...}          # curves and numbers that analyses and plots are given, beside the claims
claims:
  - id: rises_{layer}     # a family: one claim per entry of the lists, which go in step
    for: {layer: [fc1, fc2], width: [784, 100]}
    where: ...            # in the document
    says: ...             # the claim, in our words
    metric: "{layer}_peak_over_start"     # a name in data/<scale>/metrics/<experiment>.json
    published: 1.3        # the document's own value of that metric; left out where it prints none
    holds: {paper: {at_least: 1.3}}       # per scale: at_least, at_most or between; a scale left out is not judged
    basis: ...            # where the tolerance comes from
  - for: {...}            # a family of several claims, each once per entry
    claims: [...]
"""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationError, model_validator

from netspectra.blocks import Block
from netspectra.errors import ClaimError
from netspectra.problems import lines
from netspectra.strict_yaml import load

PLACE = re.compile(r"\{(\w+)\}")
FAMILY, MEMBERS = "for", "claims"


def number(value: Any) -> int | float:
    """A finite number, whole or not as it was written: verdicts print it so.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"found {value!r}, wanted a number")
    return value


Number = Annotated[int | float, PlainValidator(number)]


class Rule(Block):
    """What a value must be; one of the three."""

    at_least: Number | None = Field(default=None, description="Lower bound")
    at_most: Number | None = Field(default=None, description="Upper bound")
    between: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="Lower and upper bound"
    )

    @model_validator(mode="after")
    def _one(self) -> "Rule":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(f"found {self.model_dump(exclude_none=True)}, wanted one of at_least, at_most, between")
        if self.between and self.between[0] > self.between[1]:
            raise ValueError(f"between: found {self.between}, wanted the lower bound first")
        return self


class Claim(Block):
    """One claim of a document."""

    id: str = Field(pattern=r"^[a-z][\w.]*$", description="Name of the claim")
    document: str = Field(description="Which of the five")
    experiment: str = Field(description="Where the metric comes from")
    where: str = Field(description="Where the document says it")
    says: str = Field(description="The claim, in our words")
    metric: str = Field(description="Name in the experiment's metrics")
    published: Number | None = Field(default=None, description="The document's own value, where it prints one")
    holds: dict[str, Rule] = Field(description="What the value must be, by scale; a scale left out is not judged")
    basis: str = Field(description="Where the tolerance comes from")


class ClaimsFile(Block):
    """Everything that the document says of one experiment."""

    document: str = Field(description="Which of the five")
    published: dict[str, Any] = Field(default={}, description="Numbers of the document that plots are given")
    claims: list[dict[str, Any]] = Field(min_length=1, description="Claims and families of claims")


def read(file: Path | str) -> list[Claim]:
    """The claims of one experiment, which is the folder of the file; families expanded.

    Raises:
        ClaimError: Names every key that is wrong, unknown or missing, and ids that stand twice.
    """
    file, found = Path(file), _file(file)
    entries = [one for entry in found.claims for one in _expand(entry, file)]
    named = [{"document": found.document, "experiment": file.parent.name, **entry} for entry in entries]
    claims = [_claim(file, entry) for entry in named]
    ids = [claim.id for claim in claims]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ClaimError(f"{file}: ids that stand twice: {', '.join(twice)}")
    return claims


def read_all(files: Iterable[Path | str]) -> list[Claim]:
    """The claims of several experiments, in the order of their files.

    Raises:
        ClaimError: A file is wrong, or an id stands in two of them.
    """
    found: dict[str, Claim] = {}
    for claim in (claim for file in files for claim in read(file)):
        if claim.id in found:
            raise ClaimError(f"{claim.id}: stands in {found[claim.id].experiment} and in {claim.experiment}")
        found[claim.id] = claim
    return list(found.values())


def published(file: Path | str) -> dict:
    """The `published:` section of one experiment's claims."""
    return _file(Path(file)).published


def _file(file: Path) -> ClaimsFile:
    try:
        content = load(file)
    except ValueError as error:
        raise ClaimError(str(error)) from None
    try:
        return ClaimsFile.model_validate(content)
    except ValidationError as error:
        raise ClaimError("\n  ".join([f"{file}:", *lines(error, ClaimsFile)])) from None


def _claim(file: Path, entry: dict) -> Claim:
    name = entry.get("id", "a claim without an id")
    if left := sorted({place for text in _texts(entry) for place in PLACE.findall(text)}):
        raise ClaimError(f"{file}: {name}: found {{{left[0]}}}, for which its family has no list; add it to `for`")
    try:
        return Claim.model_validate(entry)
    except ValidationError as error:
        raise ClaimError("\n  ".join([f"{file}:", *lines(error, Claim, [str(name)])])) from None


def _expand(entry: dict, file: Path) -> Iterator[dict]:
    """The claims that an entry stands for, each with its values filled in."""
    entry = dict(entry)
    lists, members = entry.pop(FAMILY, None), entry.pop(MEMBERS, None)
    if lists is None and members is None:
        yield entry
        return
    if members is not None and (
        entry or not isinstance(members, list) or not all(isinstance(m, dict) for m in members)
    ):
        raise ClaimError(
            f"{file}: found a family with keys {', '.join(entry) or 'claims'}, wanted for and a list claims"
        )
    inner = [entry] if members is None else members
    for values in _in_step(lists, inner, file):
        for one in inner:
            yield from _expand(_filled(one, values), file)


def _in_step(lists: object, inner: list[dict], file: Path) -> list[dict[str, Any]]:
    """One dictionary of values per entry of the lists."""
    if not isinstance(lists, dict) or not lists or not all(isinstance(values, list) for values in lists.values()):
        raise ClaimError(f"{file}: for: found {lists!r}, wanted lists of values by name")
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise ClaimError(f"{file}: for: found lists of lengths {lengths}, wanted equal ones, which go in step")
    used = {place for text in _texts(inner) for place in PLACE.findall(text)}
    if unused := [name for name in lists if name not in used]:
        raise ClaimError(f"{file}: for: found {', '.join(map(str, unused))}, which no claim of the family uses")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _filled(value: Any, values: dict[str, Any]) -> Any:
    """The same with `{name}` filled in; text that is nothing else becomes the value itself, whatever its type."""
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    if not isinstance(value, str):
        return value
    if (whole := PLACE.fullmatch(value)) and whole[1] in values:
        return values[whole[1]]
    return PLACE.sub(lambda place: str(values.get(place[1], place[0])), value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
