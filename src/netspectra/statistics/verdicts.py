"""Metrics and claims.yaml -> verdicts: what each document says, judged with intervals."""

import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from netspectra.errors import ClaimError
from netspectra.files import replacing

REPRODUCED, NOT_REPRODUCED, NOT_JUDGED = "reproduced", "not reproduced", "not judged at this scale"
KEYS = {"id", "document", "experiment", "where", "says", "metric", "published", "holds", "basis"}
COMPARISONS = ("at_least", "at_most", "between")


@dataclass(frozen=True)
class Verdict:
    """One claim judged.

    Attributes:
        id: Name of the claim.
        document: Which of the five.
        experiment: Where the metric comes from.
        says: The claim, in our words.
        verdict: "reproduced", "not reproduced" or "not judged at this scale".
        sure: Whether the whole interval lies on the verdict's side of the tolerance.
        value: The measured value, the mean over replicates.
        interval: Its 95 % interval.
        published: The document's own value, where it prints one.
        tolerance: What was asked of the value.
    """

    id: str
    document: str
    experiment: str
    says: str
    verdict: str
    sure: bool
    value: float
    interval: tuple[float, float]
    published: float | None
    tolerance: str


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Judge all claims at the scale in force and write the verdicts."""
    metrics = {Path(path).stem: json.loads(Path(path).read_text()) for path in inputs["metrics"]}
    verdicts = judge(read(Path(inputs["claims"])), metrics, settings["scale"])
    with replacing(outputs["verdicts"]) as temporary:
        temporary.write_text(json.dumps([asdict(v) for v in verdicts], indent=1) + "\n")
    print(table(verdicts))


def read(path: Path) -> list[dict]:
    """The claims of a file.

    Raises:
        ClaimError: Unknown or missing key, unknown comparison, or an id that stands twice; names the claim.
    """
    try:
        claims = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise ClaimError(f"{path}: not YAML: {error}") from None
    if not isinstance(claims, list):
        raise ClaimError(f"{path}: wanted a list of claims, found {type(claims).__name__}")
    for claim in claims:
        if not isinstance(claim, dict) or not isinstance(claim.get("id"), str):
            raise ClaimError(f"{path}: wanted a claim with an id, found {claim!r}")
        where = f"{path}: {claim['id']}"
        if wrong := set(claim) ^ KEYS:
            raise ClaimError(f"{where}: unknown or missing keys {', '.join(sorted(wrong))}; wanted {sorted(KEYS)}")
        if not isinstance(claim["holds"], dict):
            raise ClaimError(f"{where}: holds: wanted a rule per scale, found {claim['holds']!r}")
        for scale, rule in claim["holds"].items():
            if not isinstance(rule, dict) or len(rule) != 1 or next(iter(rule)) not in COMPARISONS:
                raise ClaimError(f"{where}: {scale}: wanted one of {', '.join(COMPARISONS)}, found {rule}")
    ids = [claim["id"] for claim in claims]
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise ClaimError(f"{path}: ids that stand twice: {', '.join(sorted(twice))}")
    return claims


def judge(claims: list[dict], metrics: dict[str, dict[str, float]], scale: str) -> list[Verdict]:
    """Judge every claim.

    Args:
        claims: As `read` gives them.
        metrics: Flat metrics by experiment.
        scale: A claim without a rule for it is not judged.

    Raises:
        ClaimError: A claim asks for a metric that its experiment does not have.
    """
    return [_verdict(claim, metrics, scale) for claim in claims]


def table(verdicts: list[Verdict]) -> str:
    """The verdicts as text, one line a claim, and the count of each kind."""
    lines = [f"{'verdict':<26}{'claim':<42}{'value':>10}  {'95 % interval':<22}{'published':>10}  tolerance"]
    for v in verdicts:
        mark = v.verdict if v.sure or v.verdict == NOT_JUDGED else f"{v.verdict} (unsure)"
        limits = f"[{v.interval[0]:.4g}, {v.interval[1]:.4g}]"
        published = "" if v.published is None else f"{v.published:.4g}"
        lines.append(f"{mark:<26}{v.id:<42}{v.value:>10.4g}  {limits:<22}{published:>10}  {v.tolerance}")
    counts = ", ".join(
        f"{sum(v.verdict == kind for v in verdicts)} {kind}" for kind in (REPRODUCED, NOT_REPRODUCED, NOT_JUDGED)
    )
    return "\n".join([*lines, counts])


def load(path: Path) -> list[Verdict]:
    """Verdicts as `run` wrote them."""
    return [Verdict(**{**v, "interval": tuple(v["interval"])}) for v in json.loads(path.read_text())]


def _verdict(claim: dict, metrics: dict[str, dict[str, float]], scale: str) -> Verdict:
    found, name = metrics.get(claim["experiment"], {}), claim["metric"]
    if name not in found:
        raise ClaimError(f"{claim['id']}: no metric {name!r} in data/metrics/{claim['experiment']}.json")
    value = found[name]
    limits = found.get(f"{name}_low", value), found.get(f"{name}_high", value)
    rule = claim["holds"].get(scale)
    verdict, sure, tolerance = NOT_JUDGED, False, ""
    if rule:
        low, high, tolerance = _bounds(rule)
        holds = low <= value <= high
        verdict = REPRODUCED if holds else NOT_REPRODUCED
        sure = low <= limits[0] and limits[1] <= high if holds else limits[1] < low or limits[0] > high
    kept = {key: claim[key] for key in ("id", "document", "experiment", "says", "published")}
    return Verdict(**kept, verdict=verdict, sure=sure, value=value, interval=limits, tolerance=tolerance)


def _bounds(rule: dict) -> tuple[float, float, str]:
    ((kind, wanted),) = rule.items()
    if kind == "between":
        return *wanted, f"{wanted[0]} to {wanted[1]}"
    return (wanted, math.inf, f">= {wanted}") if kind == "at_least" else (-math.inf, wanted, f"<= {wanted}")


if __name__ == "__main__":
    print(table(load(Path(sys.argv[1]))))
