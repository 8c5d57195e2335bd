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
    control: {metric: "{layer}_peak_untrained", is: untrained networks}   # must fail by the same rule, in the same run
    no_control: ...       # or why there is none
    check: true           # holds by construction: listed apart, not counted
    beyond: true          # the document does not say it: counted apart
    exact: true           # a value without error, which needs no interval
    kind: printed         # of the published value: printed, picture (read off one) or words
    uncertainty: 0.05     # of the published value
    reason: {sample: ...} # per scale: why it is not reproduced there, or on the bound, and what was tried
  - for: {...}            # a family of several claims, each once per entry
    claims: [...]
figures:                  # where each figure stands on the page; one without an entry follows the others
  align_node_dropout: {place: 3, number: Third figure, claims: ["align_prune_*"]}
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError, model_validator

from netspectra.blocks import Block
from netspectra.errors import ClaimError
from netspectra.problems import lines
from netspectra.statistics.families import expand, unfilled
from netspectra.strict_yaml import load


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


class Control(Block):
    """Something that lacks what a claim is about."""

    metric: str = Field(description="Name in the metrics of the claim's experiment")
    what: str = Field(alias="is", min_length=1, description="What it is measured on, such as untrained networks")


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
    control: Control | None = Field(default=None, description="What must fail by the same rule, of the same run")
    no_control: str | None = Field(default=None, min_length=1, description="Why there is no control")
    check: bool = Field(default=False, description="Whether it holds by construction: listed apart, not counted")
    beyond: bool = Field(default=False, description="Whether the document does not say it: counted apart")
    exact: bool = Field(default=False, description="Whether the metric has no error, and needs no interval")
    kind: Literal["printed", "picture", "words"] | None = Field(default=None, description="Of the published value")
    uncertainty: Annotated[Number, Field(ge=0)] | None = Field(default=None, description="Of the published value")
    reason: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default={}, description="Why it is not reproduced, or on the bound, and what was tried, by scale"
    )

    @model_validator(mode="after")
    def _agree(self) -> "Claim":
        if self.control and self.no_control:
            raise ValueError("found control and no_control, wanted one of them")
        if self.control and self.control.metric == self.metric:
            raise ValueError(f"control.metric: found the claim's own, {self.metric}, on which it cannot fail")
        if self.check and not self.holds:
            raise ValueError("found check without a rule in holds, which no run can judge; add one for a scale")
        if self.uncertainty is not None and self.published is None:
            raise ValueError(f"found uncertainty {self.uncertainty} of no published value; add published")
        return self


class Place(Block):
    """Where a figure stands in its document."""

    place: Number = Field(description="Order among the figures of the document")
    number: str = Field(min_length=1, description="What the document calls it, or where it would stand")
    claims: list[str] = Field(default=[], description="Patterns of ids shown beside it; the longest that fits counts")


class ClaimsFile(Block):
    """Everything that the document says of one experiment."""

    document: str = Field(description="Which of the five")
    published: dict[str, Any] = Field(default={}, description="Numbers of the document that plots are given")
    claims: list[dict[str, Any]] = Field(min_length=1, description="Claims and families of claims")
    figures: dict[str, Place] = Field(default={}, description="Where each figure stands in the document")


def read(file: Path | str) -> list[Claim]:
    """The claims of one experiment, which is the folder of the file; families expanded.

    Raises:
        ClaimError: Names every key that is wrong, unknown or missing, and ids that stand twice.
    """
    file = Path(file)
    try:
        return _claims(file)
    except ClaimError as error:
        error.remedy = error.remedy or f"mend it, or git checkout {file}"
        raise


def _claims(file: Path) -> list[Claim]:
    found = _file(file)
    entries = [one for entry in found.claims for one in expand(entry, file)]
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
            raise ClaimError(
                f"{claim.id}: stands in {found[claim.id].experiment} and in {claim.experiment}", "rename one of them"
            )
        found[claim.id] = claim
    return list(found.values())


def published(file: Path | str) -> dict:
    """The `published:` section of one experiment's claims."""
    return _file(Path(file)).published


def places(file: Path | str) -> tuple[str, dict[str, Place]]:
    """The document of one experiment, and where its figures stand in it, by name."""
    found = _file(Path(file))
    return found.document, found.figures


def _file(file: Path) -> ClaimsFile:
    try:
        content = load(file)
    except ValueError as error:
        raise ClaimError(str(error), f"mend it, or git checkout {file}") from None
    try:
        return ClaimsFile.model_validate(content)
    except ValidationError as error:
        raise ClaimError("\n  ".join([f"{file}:", *lines(error, ClaimsFile)])) from None


def _claim(file: Path, entry: dict) -> Claim:
    name = entry.get("id", "a claim without an id")
    if left := unfilled(entry):
        raise ClaimError(f"{file}: {name}: found {{{left[0]}}}, for which its family has no list; add it to `for`")
    try:
        return Claim.model_validate(entry)
    except ValidationError as error:
        raise ClaimError("\n  ".join([f"{file}:", *lines(error, Claim, [str(name)])])) from None
