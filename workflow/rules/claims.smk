"""claims and report: what the documents say, judged, on one page with the figures and what a reader can drag."""

METRICS = [layout.metrics_file(config, name) for name in config["experiments"]]
CLAIMS = [claims_of(name) for name in config["experiments"]]


rule judge:
    """Hold the metrics against the claims."""
    input:
        claims=CLAIMS,
        metrics=METRICS,
    output:
        verdicts=report(
            update(layout.metrics_file(config, "claims")),
            category="claims",
            caption="../../src/netspectra/report/claims.rst",
        ),
    log:
        layout.log_file(config, "judge"),
    benchmark:
        layout.benchmark_file(config, "judge")
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings={
            "scale": config["scale"],
            "replicates": {name: least_replicates(config, name) for name in config["experiments"]},
        },
        kept=True,
        code=code("netspectra.statistics.verdicts"),
    script:
        "../scripts/job.py"


rule overview:
    """Draw all claims in one picture."""
    input:
        verdicts=layout.metrics_file(config, "claims"),
    output:
        svg=report(
            update(layout.overview_file(config, "svg")),
            category="claims",
            caption="../../src/netspectra/report/claims_overview.rst",
        ),
        png=update(layout.overview_file(config, "png")),
    log:
        layout.log_file(config, "overview"),
    benchmark:
        layout.benchmark_file(config, "overview")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        settings={"scale": config["scale"]},
        kept=True,
        code=code("netspectra.report.overview"),
    script:
        "../scripts/job.py"


EXPLORED = [layout.explorables_file(config)] if layout.explored_of(config)["parts"] else []

if EXPLORED:

    rule explorables:
        """Derive the small arrays that a reader can drag through."""
        input:
            **layout.explored_from(config),
        output:
            arrays=update(layout.explorables_file(config)),
        log:
            layout.log_file(config, "explorables"),
        benchmark:
            layout.benchmark_file(config, "explorables")
        threads: 1
        resources:
            mem_mb=resource(config, "experiments", "default", "mem_mb"),
            runtime=resource(config, "experiments", "default", "runtime"),
        params:
            settings=layout.explored_of(config),
            kept=True,
            code=code("netspectra.explorables.job", *(f"netspectra.explorables.{part}" for part in layout.EXPLORABLES)),
        script:
            "../scripts/job.py"


rule page:
    """Show figures, captions, verdicts and tables."""
    input:
        verdicts=layout.metrics_file(config, "claims"),
        claims=CLAIMS,
        svg=[path for path in FIGURES if path.endswith(".svg")],
        png=[path for path in FIGURES if path.endswith(".png")],
        captions=[path for name in config["experiments"] for path in captions_of(config, name)],
        tables=[layout.table_file(config, name) for name in config["experiments"]],
        standing=layout.standing_files(),
        explorables=EXPLORED,
        overview=[layout.overview_file(config, kind) for kind in ("svg", "png")],
    output:
        page=update(layout.page_file(config)),
    log:
        layout.log_file(config, "page"),
    benchmark:
        layout.benchmark_file(config, "page")
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=layout.shown_of(config),
        kept=True,
        code=code("netspectra.report.page"),
    script:
        "../scripts/job.py"
