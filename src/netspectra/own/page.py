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

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ network }} under every lens</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
img { max-width: 100%; }
figure { margin: 1rem 0; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; border-bottom: 1px solid #ddd; }
.says { color: #444; }
</style>
</head>
<body>
<main>
<h1>{{ network }} under every lens</h1>
<p>{{ summary }}</p>
<nav>{% for part in parts %}<a href="#{{ part.name }}">{{ part.name }}</a> {% endfor %}
<a href="#skipped">skipped</a></nav>
{% if notes %}<h2>What to know of these numbers</h2>
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
{% for part in parts %}
<section id="{{ part.name }}">
<h2>{{ part.name }}</h2>
<p class="says">{{ part.says }}</p>
<figure><img alt="{{ part.name }}: {{ part.says }}" src="data:image/png;base64,{{ part.picture }}"></figure>
</section>
{% endfor %}
<section id="skipped">
<h2>Skipped</h2>
{% if skipped %}<table>
<thead><tr><th scope="col">layer</th><th scope="col">lens</th><th scope="col">why</th></tr></thead>
<tbody>
{% for row in skipped %}<tr><td>{{ row.layer or "all" }}</td><td>{{ row.lens }}</td><td>{{ row.why }}</td></tr>
{% endfor %}</tbody>
</table>{% else %}<p>Nothing.</p>{% endif %}
</section>
</main>
</body>
</html>
"""  # not a file of its own, which a wheel would have to be told of


def write(view: "View", path: Path) -> Path:
    """Write the page of a view.

    Raises:
        NetspectraError: Jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise NetspectraError("page: Jinja2 is not installed", "pip install jinja2, or netspectra[cli]") from None
    template = jinja2.Environment(autoescape=True).from_string(TEMPLATE)
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
