"""A page of a few claims of one or two experiments, written where a test wants it."""

from pathlib import Path

from matplotlib import pyplot as plt

from netspectra.report import page
from netspectra.statistics import judged, verdicts
from netspectra.statistics.claims import Claim

KEPT = {
    "document": "alignment",
    "experiment": "e",
    "where": "w",
    "says": "s",
    "basis": "b",
    "holds": {"sample": {"at_least": 2}},
}
IN, OVER, OUT = ({"mean": m, "low": a, "high": b} for m, a, b in ((3, 2.5, 3.5), (3, 1.5, 4.5), (1, 0.5, 1.5)))
BAD = '<script>alert("&")</script>'
NETWORK = {
    "data": {"set": "mnist", "train": 100},
    "architecture": {"type": "fully_connected", "widths": [784, 10]},
    "optimiser": {"name": "adam", "rate": 0.001},
    "batch": 256,
    "epochs": 15,
    "replicates": 5,
    "seed": 100,
    "variants": {"mlp": {}, "fast": {"optimiser": {"rate": 0.01}}, "again": {}, "gone": None},
}
SET = {"sources": ["data/embedded/mnist"], "licence": "none", "files": {"a.gz": {"sha256": "0" * 64, "bytes": 7}}}
CAPTION = f"A figure of what is drawn. {BAD} And more.\n"
STAND = """document: {document}
claims: [{{id: x}}]
figures:
  f: {{place: 2, number: Second figure, claims: ["*"]}}
  g: {{place: 1, number: First figure, claims: [first]}}
"""


class Site:
    """Inputs of a page in a folder, and the page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blocks = {
            "data": {"mnist": SET},
            "networks": {"net": NETWORK},
            "experiments": {"e": {"figures": ["f", "g"], "networks": ["net"], "fractions": [0.0, 0.1], "seed": 3}},
        }
        (folder / "e").mkdir(parents=True)
        (folder / "e/claims.yaml").write_text(STAND.format(document="alignment"), encoding="utf-8")
        (folder / "e.csv").write_text('x,value,name\n10,1.5,"a,""b"\n9,2.5,c\n100,-1,d\n', encoding="utf-8")
        for name in ("f", "g"):
            self.draw(name, 3)
            (folder / f"{name}.rst").write_text(CAPTION, encoding="utf-8")

    def draw(self, name: str, points: int) -> None:
        """A figure of so many points."""
        figure, axes = plt.subplots(figsize=(4, 2))
        axes.plot(range(points), [(7 * i) % 5 for i in range(points)])
        for kind in ("svg", "png"):
            figure.savefig(self.folder / f"{name}.{kind}", dpi=100)
        plt.close(figure)

    @staticmethod
    def judged(*claims: dict, **metrics: dict) -> list:
        """Verdicts on claims that say what is not said of them."""
        return verdicts.judge([Claim(**KEPT | c) for c in claims], {"e": metrics}, "sample", {"e": 5})

    def keep(self, scale: str, found: list, run: str) -> None:
        """A standing as git would hold it."""
        judged.write(found, self.folder / "standing" / scale / "claims.json")
        (self.folder / "standing" / scale / "run.json").write_text(run, encoding="utf-8")

    def write(self, found: list, **inputs: object) -> Path:
        """The page of some verdicts."""
        folder = self.folder
        judged.write(found, folder / "claims.json")
        figures = self.blocks["experiments"]["e"]["figures"]
        given = {
            "verdicts": folder / "claims.json",
            "claims": [folder / "e/claims.yaml"],
            **{kind: [folder / f"{name}.{kind}" for name in figures] for kind in ("svg", "png")},
            "captions": [folder / f"{name}.rst" for name in figures],
            "tables": [folder / "e.csv"],
            "standing": sorted(map(str, folder.glob("standing/*/*.json"))),
        }
        settings = {"scale": "sample", "blocks": self.blocks, "benchmarks": str(folder), "logs": str(folder)}
        page.run(given | inputs, {"page": folder / "index.html"}, settings)
        return folder / "index.html"
