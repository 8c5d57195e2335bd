"""docs/verdicts.md: what stands in standing/, all scales side by side, and reasons beside what is not reproduced.

`python -m netspectra.report.standings` writes it.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from netspectra.errors import DataError, NetspectraError, said
from netspectra.files import replacing
from netspectra.statistics import judged, settled
from netspectra.statistics.against import cell
from netspectra.statistics.claims import Claim, read_all
from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.judging import NOT_REPRODUCED
from netspectra.statistics.listing import headline, numbers, scale_in_words
from netspectra.statistics.replication import FULL_SCALE
from netspectra.statistics.settled import ON_THE_BOUND, Settled

STANDING, SHEET = Path("standing"), Path("docs/verdicts.md")
CLAIMS = "src/netspectra/experiments/*/claims.yaml"
SILENT = "no reason yet"
HEAD = """# Verdicts

Made from `standing/` by `make verdicts-page`, and by `make standing SCALE=...`, which runs a scale and writes what came
out there; not by hand. A value is a mean over networks or pairs of them, with its 95 % interval; what a claim says in
full and why its tolerance is what it is stands in its experiment's `claims.yaml`.
"""


@dataclass(frozen=True)
class Standing:
    """What stands of one scale.

    Attributes:
        scale: Its name.
        run: Commit, date, machine, versions and time of the run.
        verdicts: By the claims' ids.
        settled: What settling came to, by the claims' ids.
    """

    scale: str
    run: dict
    verdicts: dict[str, Verdict]
    settled: dict[str, Settled]

    def is_on_the_bound(self, name: str) -> bool:
        """Whether more networks than the user gave would be needed to decide a claim."""
        return name in self.settled and self.settled[name].called == ON_THE_BOUND


def load(folder: Path = STANDING) -> list[Standing]:
    """What stands, the documents' own scale first.

    Raises:
        DataError: A file is missing or holds something else.
    """
    places = sorted(path.parent for path in folder.glob("*/claims.json"))
    return [_load(place) for place in sorted(places, key=lambda place: place.name != FULL_SCALE)]


def unexplained(standings: Iterable[Standing], claims: Mapping[str, Claim]) -> list[tuple[str, str]]:
    """Scale and id of what is not reproduced, or on the bound, and does not say why."""
    found = [(standing.scale, v.id) for standing in standings for v in _to_explain(standing)]
    return [(scale, name) for scale, name in found if _reason(claims, name, scale) is None]


def sheet(standings: list[Standing], claims: Mapping[str, Claim]) -> str:
    """The whole of docs/verdicts.md.

    Args:
        standings: What stands.
        claims: Those of today by id, which hold the reasons.
    """
    documents = dict.fromkeys(v.document for standing in standings for v in standing.verdicts.values())
    parts = [HEAD, "\n".join(_runs(standings)), "\n".join(_reasons(standings, claims))]
    if any(standing.settled for standing in standings):
        parts.append("\n".join(_decided(standings)))
    parts += ["\n".join(_document(name, standings)) for name in documents]
    return "\n".join(f"{part.rstrip()}\n" for part in parts)


def _load(place: Path) -> Standing:
    try:
        run = json.loads((place / "run.json").read_text(encoding="utf-8"))
        verdicts = {v.id: v for v in judged.load(place / "claims.json")}
    except (OSError, ValueError) as error:
        raise DataError(f"{place}/run.json: cannot be read ({error})", f"make standing SCALE={place.name}") from None
    return Standing(place.name, run, verdicts, settled.load(place / "settled.json"))


def _to_explain(standing: Standing) -> list[Verdict]:
    return [v for v in standing.verdicts.values() if v.verdict == NOT_REPRODUCED or standing.is_on_the_bound(v.id)]


def _reason(claims: Mapping[str, Claim], name: str, scale: str) -> str | None:
    return claims[name].reason.get(scale) if name in claims else "no longer a claim"


def _runs(standings: list[Standing]) -> Iterator[str]:
    yield "## Runs\n\n| scale | verdicts | run |\n|---|---|---|"
    for one in standings:
        counts = "; ".join(headline(list(one.verdicts.values())))
        yield f"| {' | '.join(map(cell, (scale_in_words(one.scale), counts, _run(one.run))))} |"


def _run(run: dict) -> str:
    machine = run["machine"]
    on = [f"{machine['cpu']}, {machine['cores']} cores, {machine['memory']}, {machine['gpu'] or 'no GPU'}"]
    ran = f", {run['jobs']['ran']} of {run['jobs']['of']} jobs" if "jobs" in run else ""
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    of = f"`{run['command']}` at {run['commit'][:12]} on {run['date'][:10]}"
    return "; ".join([of, *on, f"{run['wall_s'] / 60:.1f} minutes{ran}", versions])


def _reasons(standings: list[Standing], claims: Mapping[str, Claim]) -> Iterator[str]:
    yield "## Not reproduced, or on the bound: why\n\n| claim | scale | value, wanted | reason, and what was tried |"
    yield "|---|---|---|---|"
    for one in standings:
        for v in _to_explain(one):
            why = _reason(claims, v.id, one.scale) or SILENT
            tried = [f"settled: {one.settled[v.id].tried}"] if v.id in one.settled else []
            value = f"{numbers(v.value, v.low, v.high)}, {_wanted(v)}"
            yield f"| {' | '.join(map(cell, (_named(v), one.scale, value, ' '.join([why, *tried]))))} |"


def _decided(standings: list[Standing]) -> Iterator[str]:
    """What settling decided; what it called on the bound stands beside its reason."""
    yield "## Settled by more networks\n\n| claim | scale | looks |\n|---|---|---|"
    for one in standings:
        for name, found in one.settled.items():
            if not one.is_on_the_bound(name):
                yield f"| `{name}` | {one.scale} | {cell(found.tried)} |"


def _document(name: str, standings: list[Standing]) -> Iterator[str]:
    columns = ["claim", "where", "published", *(one.scale for one in standings)]
    yield f"## {name}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    found = {v.id: v for one in reversed(standings) for v in one.verdicts.values() if v.document == name}
    for v in found.values():
        cells = [f"{_named(v)}: {v.says}", v.where, _published(v), *(_verdict(one, v.id) for one in standings)]
        yield f"| {' | '.join(map(cell, cells))} |"


def _named(v: Verdict) -> str:
    apart = " (check)" if v.check else " (beyond the document)" if v.beyond else ""
    return f"`{v.id}`{apart}"


def _published(v: Verdict) -> str:
    if v.published is None:
        return ""
    spread = "" if v.uncertainty is None else f" +- {v.uncertainty:g}"
    return f"{v.published:.4g}{spread}{f' ({v.kind})' if v.kind else ''}"


def _verdict(standing: Standing, name: str) -> str:
    if (v := standing.verdicts.get(name)) is None:
        return ""
    called = f"{v.verdict}, {ON_THE_BOUND}" if standing.is_on_the_bound(name) else v.verdict
    return "; ".join([f"**{called}**: {numbers(v.value, v.low, v.high)}", *filter(None, (_wanted(v), _control(v)))])


def _wanted(v: Verdict) -> str:
    return f"wanted {tolerance_of(v.tolerance)}" if v.tolerance else ""


def _control(v: Verdict) -> str:
    if v.control is None:
        return f"no control: {v.no_control}" if v.no_control else ""
    c = v.control
    return f"control ({c.what}): {numbers(c.value, c.low, c.high)}, {c.verdict}"


def main() -> int:
    """Write the file; 1 where that cannot be."""
    try:
        claims = {claim.id: claim for claim in read_all(sorted(Path().glob(CLAIMS)))}
        with replacing(SHEET) as temporary:
            temporary.write_text(sheet(load(), claims), encoding="utf-8")
        print(f"Written: {SHEET}")
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
