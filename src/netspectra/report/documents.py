"""The figures of every document in its own order, each with the claims that stand beside it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from netspectra.statistics.claims import Place, places
from netspectra.statistics.judged import Verdict

# What each document is about, in its order on the page; one that is not named here follows under its own name.
ABOUT = {
    "alignment": "How nodes align with the variance of their input; pruning; robustness against attacks",
    "rainbow": "Spectra of activations and weights, universality of trained networks, networks drawn at random",
    "active": "Active subspaces: which directions in parameter space a loss depends on",
    "cca": "The CCA tutorial: CCA, SVCCA and PWCCA of layers, against noise",
    "svcca": "SVCCA notes: directions that two networks share, layers during training, freezing and compression",
    "pwcca": "PWCCA notes: distances between networks that generalise or memorise, of growing width, of several rates",
}
LAST = Place(place=1_000, number="Without a place in the document")


@dataclass(frozen=True)
class Shown:
    """A figure on the page.

    Attributes:
        name: Of its files.
        experiment: That draws it.
        place: Where it stands in the document.
        verdicts: On the claims that are shown beside it.
    """

    name: str
    experiment: str
    place: Place
    verdicts: list[Verdict]


def by_document(
    figures: Mapping[str, list[str]], files: Iterable[Path | str], verdicts: Iterable[Verdict]
) -> dict[str, list[Shown]]:
    """The figures of every document, in the document's order.

    Args:
        figures: Names of the figures by experiment.
        files: claims.yaml of the experiments, each in the experiment's folder.
        verdicts: On all claims.
    """
    stand = {Path(file).parent.name: places(file) for file in files}
    claimed = defaultdict(list)
    for verdict in verdicts:
        claimed[verdict.experiment].append(verdict)
    found = defaultdict(list)
    for name, drawn in figures.items():
        document, known = stand[name]
        found[document] += _shown(name, drawn, known, claimed[name])
    order = [*(name for name in ABOUT if name in found), *(name for name in found if name not in ABOUT)]
    return {name: sorted(found[name], key=lambda shown: shown.place.place) for name in order}


def _shown(experiment: str, drawn: list[str], known: Mapping[str, Place], verdicts: list[Verdict]) -> list[Shown]:
    held = {figure: known.get(figure, LAST) for figure in drawn}
    beside = defaultdict(list)
    for verdict in verdicts:
        beside[_figure_of(verdict.id, held)].append(verdict)
    return [Shown(figure, experiment, place, beside[figure]) for figure, place in held.items()]


def _figure_of(claim: str, held: Mapping[str, Place]) -> str:
    """The figure whose longest pattern fits the claim, or the first that is drawn."""
    fits = {name: [len(p) for p in place.claims if fnmatchcase(claim, p)] for name, place in held.items()}
    return max(fits, key=lambda name: max(fits[name], default=0))
