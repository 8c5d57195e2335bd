"""dvc.yaml: the rules of the Snakefile as coarse stages, iterated over params.yaml.

DVC's own `foreach` cannot write a list of dependencies per item, so the file is made: `make stages`. A test holds it
against params.yaml and against the rules.
"""

import sys

import yaml

from netspectra.statistics.claims import published
from netspectra.workflow import layout
from netspectra.workflow.imports import code_of
from netspectra.workflow.layout import (
    captions_of,
    claims_of,
    figures_of,
    networks_of,
    sets_in_use,
    sets_of,
    sets_of_network,
)
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
    found = {f"data_{name}": _data(params, settings, name) for name in sets_in_use(settings)}
    found |= {f"networks_{name}": _networks(params, settings, name) for name in settings["networks"]}
    found |= {name: _experiment(params, settings, name) for name in settings["experiments"]}
    if layout.explored_of(settings)["parts"]:
        found["explorables"] = _explorables(params, settings)
    return found | {"verdicts": _verdicts(params, settings)}


def _data(params: dict, settings: dict, name: str) -> dict:
    deps = code_of("netspectra.data.fetch", "netspectra.data.prepare")
    outs, wanted = [layout.prepared_file(settings, name)], ["download", *keys(params, "data", name)]
    return _stage([f"fetch_{name}", f"prepare_{name}"], deps, wanted, outs)


def _networks(params: dict, settings: dict, name: str) -> dict:
    sets = sets_of_network(settings["networks"][name])
    deps = [*(layout.prepared_file(settings, data) for data in sets), *code_of("netspectra.training.job")]
    outs, wanted = [layout.network_file(settings, name)], keys(params, "networks", name)
    return _stage([f"train_{name}"], deps, wanted, outs)


def _experiment(params: dict, settings: dict, name: str) -> dict:
    parts = ("measuring", "drawing", f"{name}.analysis", f"{name}.plot")
    deps = [
        *(layout.prepared_file(settings, data) for data in sets_of(settings, name)),
        *(layout.network_file(settings, network) for network in networks_of(settings, name)),
        *layout.tables_of(settings, name),
        *layout.files_of(settings, name),
        *code_of(*(f"netspectra.experiments.{part}" for part in parts)),
    ]
    wanted = keys(params, "experiments", name)
    if published(claims_of(name)):
        wanted.append({claims_of(name): ["published"]})
    outs = [layout.table_file(settings, name), *figures_of(settings, name, "svg")]
    metrics, figures = [layout.metrics_file(settings, name)], figures_of(settings, name, "png")
    return _stage([name, f"plot_{name}"], deps, wanted, outs, metrics, figures)


def _explorables(params: dict, settings: dict) -> dict:
    deps = [path for paths in layout.explored_from(settings).values() for path in paths]
    deps += code_of("netspectra.explorables.job", *(f"netspectra.explorables.{part}" for part in layout.EXPLORABLES))
    wanted = [key for name in layout.explored_of(settings)["blocks"] for key in keys(params, "networks", name)]
    return _stage(["explorables"], deps, list(dict.fromkeys(wanted)), [layout.explorables_file(settings)])


def _verdicts(params: dict, settings: dict) -> dict:
    names = list(settings["experiments"])
    deps = [*map(claims_of, names), *(layout.metrics_file(settings, name) for name in names)]
    deps += [path for name in names for path in captions_of(settings, name)]
    deps += [path for name in names for kind in ("svg", "png") for path in figures_of(settings, name, kind)]
    deps += [*(layout.table_file(settings, name) for name in names), *layout.standing_files()]
    deps += [layout.explorables_file(settings)] if layout.explored_of(settings)["parts"] else []
    deps += code_of("netspectra.statistics.verdicts", "netspectra.report.overview", "netspectra.report.page")
    params = ["scale", "data", "networks", "experiments", f"scales.{params['scale']}"]
    outs = [layout.page_file(settings), layout.overview_file(settings, "svg")]
    metrics, plots = [layout.metrics_file(settings, "claims")], [layout.overview_file(settings, "png")]
    return _stage(["judge", "overview", "page"], deps, params, outs, metrics, plots)


def keys(params: dict, kind: str, name: str) -> list[str]:
    """Keys of params.yaml that decide a block: the scale, its own, and where the scale lays something over it."""
    scale = params["scale"]
    laid = name in params["scales"][scale].get(kind, {})
    return ["scale", f"{kind}.{name}", *([f"scales.{scale}.{kind}.{name}"] if laid else [])]


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
