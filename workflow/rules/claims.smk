"""claims and report: what the documents say, judged, on one page with the figures."""

METRICS = paths("metrics", config["experiments"], ".json")
CLAIMS = [claims_of(name) for name in config["experiments"]]


rule judge:
    """Hold the metrics against the claims."""
    input:
        claims=CLAIMS,
        metrics=METRICS,
    output:
        verdicts=report(
            update("data/metrics/claims.json"), category="claims", caption="../../src/netspectra/report/claims.rst"
        ),
    log:
        "logs/judge.log",
    benchmark:
        "benchmarks/results/judge.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        module="netspectra.statistics.verdicts",
        settings={"scale": config["scale"]},
        code=code("netspectra.statistics.verdicts"),
    script:
        "../scripts/job.py"


rule page:
    """Show figures, captions and verdicts."""
    input:
        verdicts="data/metrics/claims.json",
        figures=[path for path in FIGURES if path.endswith(".png")],
        captions=[path for name in config["experiments"] for path in captions_of(config, name)],
    output:
        page=update("report/index.html"),
    log:
        "logs/page.log",
    benchmark:
        "benchmarks/results/page.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        module="netspectra.report.page",
        settings={"scale": config["scale"], "figures": {n: b["figures"] for n, b in config["experiments"].items()}},
        code=code("netspectra.report.page"),
    script:
        "../scripts/job.py"
