"""dvc.yaml: the rules of the Snakefile as coarse stages, iterated over params.yaml.

DVC's own `foreach` cannot write a list of dependencies per item, so the file is made: `make stages`. A test holds it
against params.yaml and against the rules.
"""

import sys

import yaml

from netspectra.statistics.claims import published
from netspectra.workflow.imports import code_of
from netspectra.workflow.layout import captions_of, claims_of, figures_of, networks_of, paths, sets_in_use, sets_of
from netspectra.workflow.settings import read, resolve

HEADER = (
    "# Made from params.yaml and the package's imports by `make stages`; `make test` says when it is out of date.\n"
)


def stages(params: dict) -> dict[str, dict]:
    """All stages of the pipeline, by name.

    Args:
        params: The whole of params.yaml, with its scales.
    """
    settings = resolve(params)
    found = {f"data_{name}": _data(params, name) for name in sets_in_use(settings)}
    found |= {f"networks_{name}": _networks(params, name, block) for name, block in settings["networks"].items()}
    found |= {name: _experiment(params, settings, name) for name in settings["experiments"]}
    return found | {"verdicts": _verdicts(settings)}


def _data(params: dict, name: str) -> dict:
    deps = code_of("netspectra.data.fetch", "netspectra.data.prepare")
    outs = paths("prepared", [name], ".safetensors")
    return _stage([f"fetch_{name}", f"prepare_{name}"], deps, ["download", *keys(params, "data", name)], outs)


def _networks(params: dict, name: str, block: dict) -> dict:
    deps = [*paths("prepared", [block["data"]["set"]], ".safetensors"), *code_of("netspectra.training.job")]
    return _stage([f"train_{name}"], deps, keys(params, "networks", name), paths("networks", [name], ".safetensors"))


def _experiment(params: dict, settings: dict, name: str) -> dict:
    parts = ("measuring", "drawing", f"{name}.analysis", f"{name}.plot")
    deps = [
        *paths("prepared", sets_of(settings, name), ".safetensors"),
        *paths("networks", networks_of(settings, name), ".safetensors"),
        *code_of(*(f"netspectra.experiments.{part}" for part in parts)),
    ]
    wanted = keys(params, "experiments", name)
    if published(claims_of(name)):
        wanted.append({claims_of(name): ["published"]})
    tables, metrics = paths("tables", [name], ".csv"), paths("metrics", [name], ".json")
    figures = [*figures_of(settings, name, "png"), *figures_of(settings, name, "svg")]
    return _stage([name, f"plot_{name}"], deps, wanted, tables, metrics, figures)


def _verdicts(settings: dict) -> dict:
    names = list(settings["experiments"])
    deps = [*map(claims_of, names), *paths("metrics", names, ".json")]
    deps += [path for name in names for path in (*figures_of(settings, name, "png"), *captions_of(settings, name))]
    deps += code_of("netspectra.statistics.verdicts", "netspectra.report.page")
    params = ["scale", *(f"experiments.{name}.figures" for name in names)]
    return _stage(["judge", "page"], deps, params, ["report/index.html"], ["data/metrics/claims.json"])


def keys(params: dict, kind: str, name: str) -> list[str]:
    """Keys of params.yaml that decide a block: its own, and wherever a scale lays something over it."""
    laid = [scale for scale, over in params["scales"].items() if name in over.get(kind, {})]
    return [f"{kind}.{name}", *(["scale"] if laid else []), *(f"scales.{scale}.{kind}.{name}" for scale in laid)]


def _stage(
    rules: list[str],
    deps: list[str],
    params: list[str | dict],
    outs: list[str],
    metrics: list[str] = (),
    plots: list[str] = (),
) -> dict:
    targets = " ".join([*outs, *metrics, *plots])
    stage = {"cmd": f"snakemake --nolock --allowed-rules {' '.join(rules)} -- {targets}"}
    stage |= {"deps": sorted(set(deps)), "params": params, "outs": outs}
    if metrics:
        stage["metrics"] = [{path: {"cache": False}} for path in metrics]
    if plots:
        stage["plots"] = plots
    return stage


def main() -> None:
    """Print dvc.yaml for the params.yaml of this folder."""
    found = {"stages": stages(read("params.yaml"))}
    sys.stdout.write(HEADER + yaml.safe_dump(found, sort_keys=False, width=120))


if __name__ == "__main__":
    main()
