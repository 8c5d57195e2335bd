"""Metrics and claims -> verdicts: what each document says, judged with intervals."""

import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from netspectra.errors import ClaimError
from netspectra.files import replacing
from netspectra.statistics.claims import Claim, Rule, read_all

REPRODUCED, NOT_REPRODUCED, NOT_JUDGED = "reproduced", "not reproduced", "not judged at this scale"


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
    """Judge the claims at the scale in force and write the verdicts.

    Args:
        inputs: {"claims": one file per experiment, "metrics": files named as the experiments}.
        outputs: {"verdicts": path}.
        settings: {"scale"}.
    """
    metrics = {Path(path).stem: json.loads(Path(path).read_text()) for path in inputs["metrics"]}
    verdicts = judge(read_all(inputs["claims"]), metrics, settings["scale"])
    with replacing(outputs["verdicts"]) as temporary:
        temporary.write_text(json.dumps([asdict(v) for v in verdicts], indent=1) + "\n")
    print(table(verdicts))


def judge(claims: list[Claim], metrics: dict[str, dict[str, float]], scale: str) -> list[Verdict]:
    """Judge every claim.

    Args:
        claims: What is judged.
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


def _verdict(claim: Claim, metrics: dict[str, dict[str, float]], scale: str) -> Verdict:
    found, name = metrics.get(claim.experiment, {}), claim.metric
    if name not in found:
        raise ClaimError(f"{claim.id}: no metric {name!r} in data/<scale>/metrics/{claim.experiment}.json")
    value = found[name]
    limits = found.get(f"{name}_low", value), found.get(f"{name}_high", value)
    verdict, sure, tolerance = NOT_JUDGED, False, ""
    if rule := claim.holds.get(scale):
        low, high, tolerance = _bounds(rule)
        holds = low <= value <= high
        verdict = REPRODUCED if holds else NOT_REPRODUCED
        sure = low <= limits[0] and limits[1] <= high if holds else limits[1] < low or limits[0] > high
    kept = {key: getattr(claim, key) for key in ("id", "document", "experiment", "says", "published")}
    return Verdict(**kept, verdict=verdict, sure=sure, value=value, interval=limits, tolerance=tolerance)


def _bounds(rule: Rule) -> tuple[float, float, str]:
    if rule.between:
        return *rule.between, f"{rule.between[0]} to {rule.between[1]}"
    if rule.at_least is not None:
        return rule.at_least, math.inf, f">= {rule.at_least}"
    return -math.inf, rule.at_most, f"<= {rule.at_most}"


if __name__ == "__main__":
    print(table(load(Path(sys.argv[1]))))
