"""netspectra: every figure, number and claim of five documents on neural representations; and your own network.

    view = netspectra.lens(model, loader)
    net = netspectra.wrap(model)
    netspectra.compare(acts, other_acts)
    netspectra.load_view(folder)

These come from `netspectra.own` when they are asked for, so that importing the package costs next to nothing.
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`lens`, `wrap`, `compare`, `load_view` and `View`, from where they are defined, and the package's rooms.

    Raises:
        AttributeError: No such name.
    """
    from importlib import import_module

    homes = {"lens": "call", "wrap": "wrapped", "compare": "comparing", "load_view": "view", "View": "view"}
    if name in homes:
        return getattr(import_module(f"netspectra.own.{homes[name]}"), name)
    if name in ("measures", "networks", "lenses", "statistics", "figures", "own"):
        return import_module(f"netspectra.{name}")
    raise AttributeError(f"module 'netspectra' has no attribute {name!r}")


def __dir__() -> list[str]:
    """What `__getattr__` gives, too."""
    return sorted([*globals(), "lens", "wrap", "compare", "load_view", "View"])
