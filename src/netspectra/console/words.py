"""Times and sizes as people say them."""

MINUTE, HOUR = 60, 3600


def duration(seconds: float) -> str:
    """A time in its two largest units: "45 s", "3 min 1 s", "1 h 20 min"."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return _two(whole // MINUTE, "min", whole % MINUTE, "s")
    return _two(whole // HOUR, "h", whole % HOUR // MINUTE, "min")


def about(seconds: float) -> str:
    """A time that is not known well: whole minutes, or "less than a minute"."""
    if seconds < MINUTE:
        return "less than a minute"
    whole = round(seconds / MINUTE)
    return f"about {whole} min" if whole < 2 * HOUR // MINUTE else f"about {_two(whole // 60, 'h', whole % 60, 'min')}"


def memory(megabytes: float | None) -> str:
    """Memory; "" where it is not known."""
    if megabytes is None:
        return ""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def _two(large: int, unit: str, small: int, part: str) -> str:
    return f"{large} {unit} {small} {part}" if small else f"{large} {unit}"
