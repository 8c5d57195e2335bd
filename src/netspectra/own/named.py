"""A network that a function makes, `package.module:function`, with weights from a safetensors file.

`python -m netspectra.own.named` reads such networks as JSON, {name: {model, arguments, weights}}, and says as JSON what
is wrong with them, {name: problem}: the workflow asks so before any job, in a process of its own, as it knows no
tensors itself.
"""

import contextlib
import importlib
import json
import sys
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from netspectra.errors import CheckpointError, NetspectraError, SettingsError
from netspectra.own.weights_file import Shapes, check, shapes_in


def model_of(
    name: str, arguments: Mapping[str, Any] | None = None, weights: Path | str | None = None, *, seed: int = 0
) -> nn.Module:
    """A network of a reader's own, in evaluation mode.

    Args:
        name: "package.module:function" of what makes it; the working directory is searched too.
        arguments: What the function is called with.
        weights: A safetensors file of its state; None leaves the weights as the function makes them.
        seed: Of PyTorch's random numbers while the function runs; their state is restored.

    Raises:
        SettingsError: The function cannot be had, fails, or makes no network.
        CheckpointError: The weights cannot be read, or do not fit.
    """
    found = None if weights is None else shapes_in(weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _made(name, dict(arguments or {}))
    if weights is not None:
        check(weights, found, *_state_of(network))
        _fill(network, weights)
    return network.eval()


def problem_of(name: str, arguments: Mapping[str, Any], weights: str | None) -> NetspectraError | None:
    """What is wrong with such a network; no memory is taken for weights where the function can do without."""
    try:
        if weights is None:
            _function(name)
            return None
        found = shapes_in(weights)
        with torch.random.fork_rng(devices=[]):
            check(weights, found, *_state_of(_outlined(name, dict(arguments))))
    except NetspectraError as error:
        return error
    return None


def _function(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise SettingsError(f"model: found {name!r}, wanted package.module:function", "torchvision.models:resnet18")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        function = reduce(getattr, attribute.split("."), importlib.import_module(module))
    except ImportError as error:
        problem = f"model: cannot import {module!r} ({error})"
        raise SettingsError(problem, "install its package, or run where its file lies, or set PYTHONPATH") from None
    except AttributeError as error:
        raise SettingsError(f"model: {error}", f"name a function of {module} that returns a torch.nn.Module") from None
    if not callable(function):
        raise SettingsError(f"model: {name} is {type(function).__name__}, wanted a function that returns a network")
    return function


def _made(name: str, arguments: dict[str, Any]) -> nn.Module:
    function = _function(name)
    try:
        network = function(**arguments)
    except Exception as error:
        problem = f"model: {name} called with {arguments or 'nothing'}: {type(error).__name__}: {error}"
        raise SettingsError(problem, "give it the arguments that it needs") from error
    if not isinstance(network, nn.Module):
        problem = f"model: {name} returns {type(network).__name__}, wanted a torch.nn.Module"
        raise SettingsError(problem, "name a function that returns a network")
    return network


def _outlined(name: str, arguments: dict[str, Any]) -> nn.Module:
    """The network without memory for its weights; with, where the function cannot do without."""
    with contextlib.suppress(SettingsError), torch.device("meta"):
        return _made(name, arguments)
    return _made(name, arguments)


def _state_of(network: nn.Module) -> tuple[Shapes, dict[str, str]]:
    """Shapes of its state by name, and of names that share one tensor the other name."""
    state, first = network.state_dict(keep_vars=True), {}
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    pairs = [(name, first.setdefault(id(tensor), name)) for name, tensor in state.items()]
    tied = {name: other for name, other in pairs if name != other}
    return shapes, tied | {other: name for name, other in tied.items()}


def _fill(network: nn.Module, weights: Path | str) -> None:
    try:
        network.load_state_dict(load_file(weights), strict=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{weights}: damaged ({error})", "write the file anew") from None


def main() -> int:
    """Say what is wrong with the networks on stdin."""
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        found = {name: problem_of(one["model"], one["arguments"], one["weights"]) for name, one in asked.items()}
    wrong = {name: [error.args[0], error.remedy] for name, error in found.items() if error}
    json.dump(wrong, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
