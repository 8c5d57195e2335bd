"""The report page: every figure with its caption and every verdict, in one file that needs nothing beside it."""

import base64
from html import escape
from pathlib import Path
from string import Template

from netspectra.files import replacing
from netspectra.statistics.verdicts import NOT_JUDGED, NOT_REPRODUCED, REPRODUCED, Verdict, load

PAGE = Path(__file__).with_name("page.html")
MARKS = {REPRODUCED: "yes", NOT_REPRODUCED: "no", NOT_JUDGED: "open"}


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
    counts = ", ".join(f"{sum(v.verdict == kind for v in verdicts)} {kind}" for kind in MARKS)
    links = " ".join(f'<a href="#{name}">{name}</a>' for name in settings["figures"])
    page = Template(PAGE.read_text(encoding="utf-8"))
    with replacing(outputs["page"]) as temporary:
        temporary.write_text(
            page.substitute(scale=escape(settings["scale"]), counts=counts, links=links, sections="\n".join(sections)),
            encoding="utf-8",
        )


def section(
    name: str, figures: list[str], verdicts: list[Verdict], pictures: dict[str, bytes], captions: dict[str, str]
) -> str:
    """One experiment: its figures with captions, then its claims."""
    shown = "\n".join(figure(f, pictures[f], captions[f]) for f in figures)
    return f'<section id="{name}"><h2>{name}</h2>\n{shown}\n{claims_table(verdicts) if verdicts else ""}</section>'


def figure(name: str, picture: bytes, caption: str) -> str:
    """A picture held in the page itself, with its caption."""
    data = base64.b64encode(picture).decode()
    text = f"<figcaption><b>{name}</b>. {escape(caption)}</figcaption>"
    return f'<figure><img alt="{name}" loading="lazy" src="data:image/png;base64,{data}">{text}</figure>'


def claims_table(verdicts: list[Verdict]) -> str:
    """The claims of an experiment as a table."""
    head = "".join(f"<th>{h}</th>" for h in ("claim", "verdict", "value", "95 % interval", "published", "tolerance"))
    return f"<table><tr>{head}</tr>{''.join(map(_row, verdicts))}</table>"


def _row(v: Verdict) -> str:
    unsure = "" if v.sure or v.verdict == NOT_JUDGED else " (interval crosses the tolerance)"
    published = "" if v.published is None else f"{v.published:.4g}"
    cells = [f"{v.value:.4g}", f"{v.interval[0]:.4g} to {v.interval[1]:.4g}", published, escape(v.tolerance)]
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    said = f'<td title="{escape(v.id)}">{escape(v.says)}</td>'
    return f'<tr>{said}<td class="{MARKS[v.verdict]}">{v.verdict}{unsure}</td>{numbers}</tr>'
