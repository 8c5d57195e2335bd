"""data/tables, data/metrics and figures: every experiment is measured by one job and drawn by another."""

FIGURES = [path for name in config["experiments"] for kind in ("svg", "png") for path in figures_of(config, name, kind)]

for name, block in config["experiments"].items():

    settings = {"name": name, "experiment": block, "published": ours(published, claims_of(name))}

    rule:
        """Measure: a tidy table and metrics."""
        name:
            name
        input:
            networks=paths("networks", networks_of(config, name), ".safetensors"),
            data=paths("prepared", sets_of(config, name), ".safetensors"),
        output:
            table=update(f"data/tables/{name}.csv"),
            metrics=update(f"data/metrics/{name}.json"),
        log:
            f"logs/{name}.log",
        benchmark:
            f"benchmarks/results/{name}.tsv"
        # The longest first, as in networks.smk.
        priority: resource(config, "experiments", name, "runtime")
        threads: resource(config, "experiments", name, "threads")
        resources:
            mem_mb=resource(config, "experiments", name, "mem_mb"),
            runtime=resource(config, "experiments", name, "runtime"),
            gpu=resource(config, "experiments", name, "gpu"),
        params:
            module="netspectra.experiments.measuring",
            settings=settings | {"networks": networks_of(config, name)},
            code=code("netspectra.experiments.measuring", f"netspectra.experiments.{name}.analysis"),
        script:
            "../scripts/job.py"

    rule:
        """Draw the figures from the table."""
        name:
            f"plot_{name}"
        input:
            table=f"data/tables/{name}.csv",
        output:
            svg=[
                report(
                    update(path), category=name.split("_")[0], caption=f"../../{folder_of(name)}/{Path(path).stem}.rst"
                )
                for path in figures_of(config, name, "svg")
            ],
            png=update(figures_of(config, name, "png")),
        log:
            f"logs/plot_{name}.log",
        benchmark:
            f"benchmarks/results/plot_{name}.tsv"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            module="netspectra.experiments.drawing",
            settings=settings,
            code=code("netspectra.experiments.drawing", f"netspectra.experiments.{name}.plot"),
        script:
            "../scripts/job.py"
