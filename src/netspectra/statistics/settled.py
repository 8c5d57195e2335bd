"""What settling came to: looks at claims with more and more networks, as settled.json holds them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from netspectra.statistics import dictionaries
from netspectra.statistics.judging import UNDECIDED

ON_THE_BOUND = "on the bound"


@dataclass(frozen=True)
class Look:
    """One judgement of a claim.

    Attributes:
        networks: How many it had at least.
        level: Of the interval, which rises from look to look.
        value: What was measured.
        low: Lower end of the interval of that level; None without one.
        high: Upper end.
        verdict: By that interval.
    """

    networks: int
    level: float
    value: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class Settled:
    """The looks at one claim.

    Attributes:
        looks: In their order, the first with the networks that the scale has.
        called: The verdict of the last; "on the bound" where the next would take more than the user gave.
        why: What ended it.
    """

    looks: tuple[Look, ...]
    called: str
    why: str

    @property
    def tried(self) -> str:
        """The looks in words."""
        steps = ", ".join(f"{look.networks} ({100 * look.level:g} %: {look.verdict})" for look in self.looks)
        return f"networks: {steps}; {self.called}, {self.why}"

    @property
    def is_decided(self) -> bool:
        """Whether the last look decided."""
        return self.called not in (ON_THE_BOUND, UNDECIDED)


def write(settled: Mapping[str, Settled], path: Path | str) -> None:
    """Write the file whole or not at all."""
    dictionaries.write({name: asdict(one) for name, one in settled.items()}, path)


def load(path: Path | str) -> dict[str, Settled]:
    """What `write` wrote; nothing where there is no file.

    Raises:
        DataError: It holds something else.
    """
    if not Path(path).exists():
        return {}
    return dictionaries.parse(dictionaries.read(path), str(path), _settled)


def _settled(name: str, entry: dict) -> Settled:
    return Settled(**entry | {"looks": tuple(Look(**look) for look in entry["looks"])})
