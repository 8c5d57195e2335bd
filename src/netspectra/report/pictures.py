"""Figures as addresses that hold the picture itself: small drawings as SVG, large ones as compressed pixels."""

import base64
import io
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

SMALL = 65_000  # characters: above, pixels take less room and appear sooner
COLOURS = 128
SAFE = " !$'()*+,-./:;=?@[]^_`{|}~"  # what an address of data in double quotes may hold as it is
DROPPED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
COORDINATES = re.compile(r'(?<= )(d|x|y)="([^"]*)"')
DECIMALS = re.compile(r"\d+\.\d+")
SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class Picture:
    """A picture that a page can hold.

    Attributes:
        address: `data:` address; it holds no double quote, no `<` and no `&`.
        width: In pixels of the page.
        height: In pixels of the page.
        is_drawing: Whether it is the SVG.
    """

    address: str
    width: int
    height: int
    is_drawing: bool


def picture(svg: Path, png: Path, small: int = SMALL) -> Picture:
    """The drawing where it is small or its pixels are no smaller, else its pixels."""
    text = minified(svg.read_text(encoding="utf-8"))
    pixels = _pixels(png) if len(text) > small else None
    return pixels if pixels and len(pixels.address) < len(text) else _drawing(text)


def _drawing(text: str) -> Picture:
    found = SIZE.search(text)
    width, height = map(float, found.groups()) if found else (504.0, 240.0)
    return Picture(f"data:image/svg+xml,{quote(text, SAFE)}", round(width / 0.72), round(height / 0.72), True)


def minified(text: str) -> str:
    """The same drawing with coordinates to a tenth of a point, without remarks, unused names and spaces."""
    text = COORDINATES.sub(_rounded, DROPPED.sub("", text))
    used = set(re.findall(r"#([\w.-]+)", text))
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", text)
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", text)).strip()


def _rounded(match: re.Match) -> str:
    numbers = DECIMALS.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), match[2])
    return f'{match[1]}="{re.sub(r"(?<=[A-Za-z]) ", "", " ".join(numbers.split()))}"'


def _pixels(png: Path) -> Picture:
    """The same pixels in few colours, of which a figure has no more."""
    with Image.open(png) as image:
        few = image.convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    few.save(stream, "PNG", compress_level=9)
    data = base64.b64encode(stream.getvalue()).decode()
    return Picture(f"data:image/png;base64,{data}", few.width // 2, few.height // 2, False)
