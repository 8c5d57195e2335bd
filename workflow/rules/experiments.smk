"""data/<scale>/tables and metrics, figures/<scale>: every experiment is measured by one job and drawn by another."""

FIGURES = [path for name in config["experiments"] for kind in ("svg", "png") for path in figures_of(config, name, kind)]

for name, block in config["experiments"].items():

    settings = {"name": name, "experiment": block, "published": ours(published, claims_of(name))}

    rule:
        """Measure: a tidy table and metrics."""
        name:
            name
        input:
            networks=[layout.network_file(config, network) for network in networks_of(config, name)],
            data=[layout.prepared_file(config, data) for data in layout.sets_of(config, name)],
            tables=layout.tables_of(config, name),
            files=layout.files_of(config, name),
        output:
            table=update(layout.table_file(config, name)),
            metrics=update(layout.metrics_file(config, name)),
        log:
            layout.log_file(config, name),
        benchmark:
            layout.benchmark_file(config, name)
        # The longest first, as in networks.smk.
        priority: resource(config, "experiments", name, "runtime")
        threads: resource(config, "experiments", name, "threads")
        resources:
            mem_mb=resource(config, "experiments", name, "mem_mb"),
            runtime=resource(config, "experiments", name, "runtime"),
            gpu=resource(config, "experiments", name, "gpu"),
        params:
            settings=settings | {"networks": networks_of(config, name)},
            kept=True,
            code=code("netspectra.experiments.measuring", f"netspectra.experiments.{name}.analysis"),
        script:
            "../scripts/job.py"

    rule:
        """Draw the figures from the table."""
        name:
            f"plot_{name}"
        input:
            table=layout.table_file(config, name),
        output:
            svg=[
                report(
                    update(path), category=name.split("_")[0], caption=f"../../{folder_of(name)}/{Path(path).stem}.rst"
                )
                for path in figures_of(config, name, "svg")
            ],
            png=update(figures_of(config, name, "png")),
        log:
            layout.log_file(config, f"plot_{name}"),
        benchmark:
            layout.benchmark_file(config, f"plot_{name}")
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            settings=settings | {"networks": networks_of(config, name)},
            kept=True,
            code=code("netspectra.experiments.drawing", f"netspectra.experiments.{name}.plot"),
        script:
            "../scripts/job.py"
