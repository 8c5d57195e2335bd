"""A view as one HTML file that needs nothing beside it."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from netspectra.errors import NetspectraError
from netspectra.files import replacing
from netspectra.own import drawing

if TYPE_CHECKING:
    from netspectra.own.view import View

TEMPLATE = Path(__file__).with_name("page.html")


def write(view: "View", path: Path) -> Path:
    """Write the page of a view.

    Raises:
        NetspectraError: Jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise NetspectraError("page: Jinja2 is not installed", "pip install jinja2, or netspectra[cli]") from None
    template = jinja2.Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    text = template.render(
        network=view.facts.get("network", "network"),
        summary=summary(view),
        notes=view.notes,
        parts=[{"name": n, "says": _says(n), "picture": picture(view, n)} for n in view.figures],
        skipped=view.skipped.to_dict("records"),
    )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def summary(view: "View") -> str:
    """What was looked at, in a line."""
    inputs, networks = view.facts.get("inputs"), view.facts.get("networks", 1)
    parts = [f"{len(view.facts.get('layers', []))} layers with weights"]
    parts += [f"{inputs:,} inputs"] if inputs else []
    parts += [f"{networks} networks"] if networks > 1 else []
    return ", ".join([*parts, f"{len(view.table):,} numbers"]) + "."


def picture(view: "View", name: str) -> str:
    """A figure as PNG in base64."""
    buffer = io.BytesIO()
    view.figure(name).savefig(buffer, format="png", dpi=150)
    return base64.b64encode(buffer.getvalue()).decode()


def _says(name: str) -> str:
    return " ".join((drawing.FIGURES[name].__doc__ or "").split())
