"""The end of `make reproduce`: how the documents stand, what is not reproduced, and where to look.

`python -m netspectra.console.summary FILE PAGE` reads a file of verdicts; `make verdicts` shows all of them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from netspectra.errors import NetspectraError, said
from netspectra.statistics import judged
from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.judging import NOT_REPRODUCED
from netspectra.statistics.listing import KINDS, headline, numbers, scale_in_words

WIDTH = 16


def summary(verdicts: list[Verdict], page: Path) -> str:
    """Counts of each document's claims, a line for each that is not reproduced, all counts, and where the page is.

    Claims beyond the documents are in the counts alone.
    """
    failed = [_line(v) for v in verdicts if v.verdict == NOT_REPRODUCED and not v.beyond]
    told = [f"\nNot reproduced, and what was wanted: {len(failed)}", *failed] if failed else []
    scale = scale_in_words(verdicts[0].scale) if verdicts else "none"
    ends = [f"\nScale {scale}:", *headline(verdicts), "All verdicts: make verdicts", f"Page: {page}"]
    return "\n".join([*_counts(verdicts), *told, *ends])


def _counts(verdicts: list[Verdict]) -> Iterator[str]:
    yield f"\n{'claims of':<18}{''.join(f'{kind:>{WIDTH}}' for kind in KINDS)}"
    for document in dict.fromkeys(v.document for v in verdicts):
        found = [v.verdict for v in verdicts if v.document == document and v.is_counted]
        yield f"{document:<18}{''.join(f'{found.count(kind):>{WIDTH}}' for kind in KINDS)}"


def _line(v: Verdict) -> str:
    mark = " (a check)" if v.check else ""
    return f"  {v.id + mark:<42} {numbers(v.value, v.low, v.high)}, wanted {tolerance_of(v.tolerance)}"


def main(file: str, page: str) -> int:
    """Print the summary; 1 where there are no verdicts."""
    try:
        print(summary(judged.load(file), Path(page).absolute()))
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
