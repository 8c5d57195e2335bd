"""Metrics and claims -> verdicts: what each document says, judged by whole intervals and beside its control.

`python -m netspectra.statistics.verdicts FILE` prints a file of verdicts; with `--against REV`, what became of those
that git has of it at a revision. What was lost since then is forgiven where lost.txt beside the file tells it.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from netspectra.errors import ClaimError, DataError, NetspectraError, said
from netspectra.statistics import against, judged, listing, metrics
from netspectra.statistics.claims import Claim, read_all
from netspectra.statistics.estimates import Estimate
from netspectra.statistics.judged import Control, Verdict, tolerance_of
from netspectra.statistics.judging import NOT_REPRODUCED, UNDECIDED, holm, judge_with_control, p_value
from netspectra.statistics.metrics import Metric, estimate_of

KEPT = ("id", "document", "experiment", "where", "says", "basis", "metric", "published", "kind", "uncertainty")
LOST_REMEDY = "mend what lost it, or tell it in lost.txt beside that file, a line of the claim, a colon and why"
KEPT += ("check", "beyond", "no_control")


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Judge the claims at the scale in force and write the verdicts.

    Args:
        inputs: {"claims": one file per experiment, "metrics": files named as the experiments}.
        outputs: {"verdicts": path}.
        settings: {"scale", "replicates": how many networks an experiment has at least, by name}.
    """
    found = {Path(path).stem: metrics.read(path) for path in inputs["metrics"]}
    verdicts = judge(read_all(inputs["claims"]), found, settings["scale"], settings["replicates"])
    judged.write(verdicts, outputs["verdicts"])
    print(listing.table(verdicts, everything=True))


def judge(
    claims: list[Claim],
    found: Mapping[str, Mapping[str, Metric]],
    scale: str,
    networks: Mapping[str, int | None] | None = None,
) -> list[Verdict]:
    """Judge every claim.

    Args:
        claims: What is judged.
        found: Metrics by experiment, nested as their files hold them.
        scale: A claim without a rule for it is not judged.
        networks: How many networks an experiment has at least, by name; those that have none are left out or None.

    Raises:
        ClaimError: A claim, or its control, asks for a metric that its experiment does not have.
    """
    return _with_holm([_verdict(claim, found, scale, (networks or {}).get(claim.experiment)) for claim in claims])


def _verdict(claim: Claim, found: Mapping, scale: str, networks: int | None) -> Verdict:
    rule = claim.holds[scale].model_dump(exclude_none=True) if scale in claim.holds else None
    tolerance = tolerance_of(rule)
    estimate = _estimate(claim, claim.metric, found, networks)
    other = _estimate(claim, claim.control.metric, found, networks) if claim.control else None
    judgement = judge_with_control(estimate, tolerance, other)
    control = None
    if claim.control:
        control = Control(claim.control.what, claim.control.metric, **_numbers(other), verdict=judgement.control)
    return Verdict(
        **{key: getattr(claim, key) for key in KEPT},
        **_numbers(estimate),
        scale=scale,
        verdict=judgement.verdict,
        networks=networks,
        tolerance=rule,
        control=control,
        evidence=judgement.evidence,
        remark=judgement.remark,
        p=None if tolerance is None else _rounded(p_value(estimate, tolerance)),
        reason=claim.reason.get(scale) if judgement.verdict in (NOT_REPRODUCED, UNDECIDED) else None,
    )


def _estimate(claim: Claim, name: str, found: Mapping, networks: int | None) -> Estimate:
    there = found.get(claim.experiment, {})
    try:
        return estimate_of(there[name], networks, exact=claim.exact)
    except KeyError:
        where, near = f"data/<scale>/metrics/{claim.experiment}.json", get_close_matches(name, there, 1)
        remedy = f"name one that analysis.py measures{f', as {near[0]!r}' if near else ''}; the entry is in claims.yaml"
        raise ClaimError(f"{claim.id}: no metric {name!r} in {where}", remedy) from None


def _numbers(estimate: Estimate) -> dict:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _with_holm(verdicts: list[Verdict]) -> list[Verdict]:
    """The p-values of what is judged of a document, adjusted to each other."""
    adjusted: dict[str, float] = {}
    for document in {v.document for v in verdicts}:
        together = [v for v in verdicts if v.document == document and v.is_counted and v.p is not None]
        adjusted |= holm({v.id: v.p for v in together})
    return [replace(v, p_holm=_rounded(adjusted[v.id])) if v.id in adjusted else v for v in verdicts]


def _rounded(p: float) -> float:
    return float(f"{p:.3g}")


def main(arguments: list[str]) -> int:
    """Print verdicts; 1 where standing was lost, or where there are none."""
    parser = argparse.ArgumentParser(prog="python -m netspectra.statistics.verdicts", description=__doc__)
    parser.add_argument("file", type=Path, help="claims.json")
    parser.add_argument("--all", action="store_true", help="also what is reproduced")
    parser.add_argument("--against", metavar="REV", help="a revision of git")
    given = parser.parse_args(arguments)
    try:
        now = judged.load(given.file)
        if given.against is None:
            print(listing.table(now, everything=given.all))
            return 0
        changes = against.compare(against.at_revision(given.file, given.against), now)
        print(against.markdown(changes, given.against))
        untold = sorted(set(changes.losses) - against.told(given.file, given.against))
        if untold:
            raise DataError(f"{given.file}: lost without a word: {', '.join(untold)}", LOST_REMEDY)
        return 0
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
