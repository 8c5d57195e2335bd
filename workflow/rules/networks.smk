"""data/<scale>/networks: one job trains all variants and replicates of a block."""

for name, block in config["networks"].items():

    rule:
        """Train all variants and replicates of a block."""
        name:
            f"train_{name}"
        input:
            data=layout.data_of(config, block),
        output:
            networks=update(layout.network_file(config, name)),
        log:
            layout.log_file(config, f"train_{name}"),
        benchmark:
            layout.benchmark_file(config, f"train_{name}")
        # Before all analyses, and the longest first: they decide when all is done.
        priority: 1000 + resource(config, "networks", name, "runtime")
        threads: resource(config, "networks", name, "threads")
        resources:
            mem_mb=resource(config, "networks", name, "mem_mb"),
            runtime=resource(config, "networks", name, "runtime"),
            gpu=resource(config, "networks", name, "gpu"),
        params:
            settings={"name": name, "network": block},
            code=code("netspectra.training.job"),
        script:
            "../scripts/job.py"
