"""Where a run is shown: lines, and on a terminal what runs below them, drawn anew as it goes."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO

SILENCE_S = 90.0  # after which a reader of plain lines wonders


class Screen(Protocol):
    """Takes lines between its start and its stop, and before and after."""

    def start(self) -> None:
        """Show what runs, from now on."""

    def line(self, text: str) -> None:
        """Write whole lines."""

    def stop(self) -> None:
        """Show lines alone."""


class Plain:
    """Lines alone; after a silence one that says where the run is.

    Args:
        stream: Where they go.
        where: One line on where the run is.
        silence_s: How long nothing may be said.
    """

    def __init__(self, stream: TextIO, where: Callable[[], str], silence_s: float = SILENCE_S) -> None:
        self.stream, self.where, self.silence_s = stream, where, silence_s
        self.spoke, self.over = time.monotonic(), threading.Event()
        self.lock = threading.Lock()

    def start(self) -> None:
        """Watch for silence."""
        threading.Thread(target=self._watch, daemon=True).start()

    def line(self, text: str) -> None:
        """Write whole lines."""
        with self.lock:
            self.stream.write(f"{text}\n")
            self.stream.flush()
            self.spoke = time.monotonic()

    def stop(self) -> None:
        """Watch no more."""
        self.over.set()

    def _watch(self) -> None:
        while not self.over.wait(self.silence_s / 10):
            if time.monotonic() - self.spoke >= self.silence_s and (said := self.where()):
                self.line(said)


class Live:
    """Lines, and below them what runs.

    Args:
        stream: A terminal.
        below: What is drawn below the lines, as rich draws it.
    """

    def __init__(self, stream: TextIO, below: Callable[[], Any]) -> None:
        from rich.console import Console
        from rich.live import Live as Display

        self.console = Console(file=stream, highlight=False)
        self.display = Display(console=self.console, get_renderable=below, refresh_per_second=2, transient=True)

    def start(self) -> None:
        """Draw what runs."""
        self.display.start()

    def line(self, text: str) -> None:
        """Write whole lines above it."""
        self.console.print(text, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Take what runs away."""
        self.display.stop()


def is_live(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can be drawn on."""
    return bool(getattr(stream, "isatty", bool)()) and os.environ.get("TERM", "dumb") != "dumb"
