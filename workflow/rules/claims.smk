"""claims and report: what the documents say, judged, on one page with the figures."""

METRICS = paths("metrics", config["experiments"], ".json")


rule judge:
    input:
        claims="claims.yaml",
        metrics=METRICS,
        code=code_of("netspectra.statistics.verdicts"),
    output:
        verdicts=report("data/metrics/claims.json", category="claims", caption="../report/claims.rst"),
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
    script:
        "../scripts/job.py"


rule page:
    input:
        verdicts="data/metrics/claims.json",
        figures=[path for path in FIGURES if path.endswith(".png")],
        captions=[path for name in config["experiments"] for path in captions_of(config, name)],
        code=code_of("netspectra.report.page"),
    output:
        page="report/index.html",
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
    script:
        "../scripts/job.py"
