"""The report page: every figure with its caption and every verdict, in one file that needs nothing beside it."""

import base64
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from netspectra.files import replacing
from netspectra.statistics.judged import Verdict, load, tolerance_of
from netspectra.statistics.judging import NOT_JUDGED, NOT_REPRODUCED, REPRODUCED, UNDECIDED
from netspectra.statistics.listing import headline, numbers, scale_in_words

PAGE = Path(__file__).with_name("page.html")
MARKS = {REPRODUCED: "yes", NOT_REPRODUCED: "no", UNDECIDED: "unsure", NOT_JUDGED: "open"}
COLUMNS = ("claim", "verdict", "value [95 % interval]", "published", "tolerance", "control")


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Write the page.

    Args:
        inputs: {"verdicts": claims.json, "figures": PNG files, "captions": one .rst file per figure}.
        outputs: {"page": path}.
        settings: {"scale", "figures": names of the figures by experiment}.
    """
    verdicts = load(Path(inputs["verdicts"]))
    captions = {Path(path).stem: Path(path).read_text(encoding="utf-8").strip() for path in inputs["captions"]}
    pictures = {Path(path).stem: Path(path).read_bytes() for path in inputs["figures"]}
    sections = [
        section(name, figures, [v for v in verdicts if v.experiment == name], pictures, captions)
        for name, figures in settings["figures"].items()
    ]
    links = " ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in settings["figures"])
    page = Template(PAGE.read_text(encoding="utf-8"))
    shown = {"scale": escape(scale_in_words(settings["scale"])), "counts": escape(headline(verdicts))}
    with replacing(outputs["page"]) as temporary:
        temporary.write_text(page.substitute(shown, links=links, sections="\n".join(sections)), encoding="utf-8")


def section(
    name: str, figures: list[str], verdicts: list[Verdict], pictures: dict[str, bytes], captions: dict[str, str]
) -> str:
    """One experiment: its figures with captions, then its claims, what the document does not say, and its checks."""
    shown = "\n".join(figure(f, pictures[f], captions[f]) for f in figures)
    parts = {
        "Claims": [v for v in verdicts if v.is_counted],
        "Beyond the document": [v for v in verdicts if v.beyond and not v.check],
        "Checks: hold by construction, and are not counted": [v for v in verdicts if v.check],
    }
    tables = "\n".join(f"<h3>{title}</h3>\n{claims_table(part)}" for title, part in parts.items() if part)
    return f'<section id="{escape(name)}"><h2>{escape(name)}</h2>\n{shown}\n{tables}</section>'


def figure(name: str, picture: bytes, caption: str) -> str:
    """A picture held in the page itself, with its caption."""
    data = base64.b64encode(picture).decode()
    text = f"<figcaption><b>{escape(name)}</b>. {escape(caption)}</figcaption>"
    return f'<figure><img alt="{escape(name)}" loading="lazy" src="data:image/png;base64,{data}">{text}</figure>'


def claims_table(verdicts: Iterable[Verdict]) -> str:
    """Claims as a table."""
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    return f"<table><tr>{head}</tr>{''.join(map(_row, verdicts))}</table>"


def _row(v: Verdict) -> str:
    title = "\n".join((v.id, v.where, v.basis))
    said = f'<td title="{escape(title)}">{escape(v.says)}</td>'
    cells = (numbers(v.value, v.low, v.high), _published(v), tolerance_of(v.tolerance) or "", _control(v))
    verdict = f'<td class="{MARKS[v.verdict]}">{escape(_verdict(v))}</td>'
    return f"<tr>{said}{verdict}{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"


def _verdict(v: Verdict) -> str:
    """The verdict, and what is to be known beside it."""
    notes = [v.said]
    if v.verdict == REPRODUCED and v.control_passes:
        notes.append("no evidence: the control passes too")
    if v.is_shown_together:
        notes.append("also among all claims of the document (Holm)")
    return "; ".join(notes)


def _published(v: Verdict) -> str:
    value = "" if v.published is None else f"{v.published:.4g}"
    value += "" if v.uncertainty is None else f" +- {v.uncertainty:g}"
    return f"{value} ({v.kind})" if v.kind and value else value


def _control(v: Verdict) -> str:
    if v.control is None:
        return f"none: {v.no_control}" if v.no_control else ""
    c = v.control
    return f"{c.what}: {numbers(c.value, c.low, c.high)}, {c.verdict}"
