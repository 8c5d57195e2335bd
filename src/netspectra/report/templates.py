"""Templates of the page, in which all that is filled in is text and never markup, and the words that they use."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from netspectra.report import marks
from netspectra.report.documents import ABOUT, Shown
from netspectra.report.graph import BOX, ROW
from netspectra.report.recipes import words
from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.judging import NOT_REPRODUCED, REPRODUCED, UNDECIDED
from netspectra.statistics.listing import numbers, scale_in_words

FOLDER = Path(__file__).parent
SNAKEMAKE = ".venv/bin/snakemake --config scale={scale}"
# What each kind of mark says, in the order of the filters.
KINDS = {
    "yes": "reproduced",
    "idle": "reproduced, but no evidence",
    "no": "not reproduced",
    "unsure": "undecided",
    "open": "not judged",
}
GROUPS = {"claim": "claims of the documents", "beyond": "beyond the documents", "check": "checks"}
NUMBERS = {"BOX": BOX, "ROW": ROW, "STRIP": marks.WIDTH}
VERDICTS = {"NOT_REPRODUCED": NOT_REPRODUCED, "REPRODUCED": REPRODUCED, "UNDECIDED": UNDECIDED}


def environment(scale: str, blocks: Mapping[str, dict]) -> Environment:
    """The templates of this folder.

    Args:
        scale: In force.
        blocks: Settings that templates name: data, networks, experiments.
    """
    found = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    found.policies["json.dumps_kwargs"] = {"sort_keys": False}
    found.filters |= {"words": words, "sentence": sentence, "address": Markup}
    told = {"KINDS": KINDS, "GROUPS": GROUPS, "ABOUT": ABOUT, "SIGNS": marks.SIGNS, "marks": marks, "scale": scale}
    functions = (numbers, tolerance_of, scale_in_words, commands, text_of, statistics_of)
    found.globals |= told | NUMBERS | VERDICTS | dict(blocks) | {one.__name__: one for one in functions}
    return found


def text_of(name: str) -> Markup:
    """A script or style sheet of ours, as it is."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))


def sentence(caption: str) -> str:
    """The first sentence of a caption, for those who cannot see the figure."""
    return caption.replace("\n", " ").partition(". ")[0].rstrip(".") + "."


def commands(scale: str, figure: Shown) -> dict[str, str]:
    """What makes a figure again: drawn anew from its table, or measured anew as well."""
    base, target = SNAKEMAKE.format(scale=scale), f"figures/{scale}/{figure.name}.svg"
    return {
        "draw": f"{base} --forcerun plot_{figure.experiment} -- {target}",
        "measure": f"{base} --forcerun {figure.experiment} plot_{figure.experiment} -- {target}",
    }


def statistics_of(verdicts: list[Verdict]) -> Counter:
    """How many claims of each kind; checks and what is beyond the documents are counted apart."""
    return Counter(marks.kind(v) if v.is_counted else marks.group(v) for v in verdicts)
