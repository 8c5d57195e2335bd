"""data/networks: one job trains all variants and replicates of a block."""

for name, block in config["networks"].items():

    rule:
        """Train all variants and replicates of a block."""
        name:
            f"train_{name}"
        input:
            data=prepared(block),
        output:
            networks=update(f"data/networks/{name}.safetensors"),
        log:
            f"logs/train_{name}.log",
        benchmark:
            f"benchmarks/results/train_{name}.tsv"
        # Before all analyses, and the longest first: they decide when all is done.
        priority: 1000 + resource(config, "networks", name, "runtime")
        threads: resource(config, "networks", name, "threads")
        resources:
            mem_mb=resource(config, "networks", name, "mem_mb"),
            runtime=resource(config, "networks", name, "runtime"),
            gpu=resource(config, "networks", name, "gpu"),
        params:
            module="netspectra.training.job",
            settings={"name": name, "network": block},
            code=code("netspectra.training.job"),
        script:
            "../scripts/job.py"
