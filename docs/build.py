"""`make docs`: the site from docs/*.md, the tutorial and all docstrings, offline, into site/.

The reference is pdoc's, of every module but the experiments. Every page needs nothing from anywhere else.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

import jinja2
import pdoc
from pdoc.render_helpers import markdown2

import netspectra

HERE = Path(__file__).parent
ROOT = HERE.parent
MODULES = ("netspectra", "!netspectra\\.experiments\\..*")
EXTRAS = ("tables", "fenced-code-blocks", "header-ids", "cuddled-lists", "code-friendly")
FIRST = ("index", "first_page", "lenses", "tutorial", "verdicts")
FILE = re.compile(r"(?<=\]\()[\w.-]+(?=\))")
LINK = re.compile(r"(?<=\]\()(?:docs/)?([\w/]+)\.md(?=[#)])")


def main(site: Path) -> None:
    """Write the site, whole or not at all."""
    site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent) as folder:
        made = Path(folder) / "site"
        write_pages(made)
        write_reference(made / "api")
        shutil.copytree(HERE / "gallery", made / "gallery")
        shutil.rmtree(site, ignore_errors=True)
        made.rename(site)


def sources() -> dict[str, str]:
    """Pages by name as Markdown: the README first, then those a reader begins with, then the others."""
    texts = {"index": (ROOT / "README.md").read_text(encoding="utf-8"), "tutorial": tutorial()}
    others = [*sorted(HERE.glob("*.md")), *(path for path in sorted(ROOT.glob("*.md")) if path.stem != "README")]
    texts |= {path.stem: path.read_text(encoding="utf-8") for path in others}
    return {name: texts[name] for name in dict.fromkeys([*FIRST, *texts]) if name in texts}


def tutorial() -> str:
    """The tutorial's own words, then its code."""
    said, _, code = (HERE / "tutorial.py").read_text(encoding="utf-8").removeprefix('"""').partition('"""')
    title, _, rest = said.partition("\n")
    return f"# {title.rstrip('.')}\n{rest}\n\n```python\n{code.strip()}\n```\n"


def write_pages(site: Path) -> None:
    """Every page of sources() as HTML."""
    site.mkdir(parents=True)
    template = jinja2.Template((HERE / "site.html").read_text(encoding="utf-8"))
    pages = sources()
    titles = {name: "netspectra" if name == "index" else name.replace("_", " ") for name in pages}
    for name, text in pages.items():
        linked = LINK.sub(r"\1.html", text).replace("](docs/", "](")
        body = markdown2.markdown(linked, extras=list(EXTRAS))
        shown = template.render(title=titles[name], here=name, pages=titles, body=body)
        (site / f"{name}.html").write_text(shown, encoding="utf-8")
        copy_linked(linked, site)


def copy_linked(text: str, site: Path) -> None:
    """Plain files that a page links to, beside it."""
    for base in (HERE, ROOT):
        for name in FILE.findall(text):
            if (base / name).is_file():
                shutil.copyfile(base / name, site / name)


def write_reference(folder: Path) -> None:
    """The package's pages, as pdoc makes them."""
    pdoc.render.configure(docformat="google", footer_text=f"netspectra {netspectra.__version__}", show_source=True)
    pdoc.pdoc(*MODULES, output_directory=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site"))
