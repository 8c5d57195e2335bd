"""data/raw and data/prepared: official files, checked, then one tensor file per set."""

for name, block in sets_in_use(config).items():

    source = version_of(name, block)

    rule:
        """Bring the official files of a data set from the first source that has them."""
        name:
            f"fetch_{name}"
        output:
            files=raw(name, block),
        log:
            f"logs/fetch_{name}.log",
        benchmark:
            f"benchmarks/results/fetch_{name}.tsv"
        retries: 1
        threads: 1
        resources:
            mem_mb=1000,
            runtime=60,
        params:
            module="netspectra.data.fetch",
            settings={"name": name, "data": source, "download": config["download"]},
            code=code("netspectra.data.fetch"),
        script:
            "../scripts/job.py"

    rule:
        """Turn checked files into one tensor file."""
        name:
            f"prepare_{name}"
        input:
            files=raw(name, block),
        output:
            data=update(f"data/prepared/{name}.safetensors"),
        log:
            f"logs/prepare_{name}.log",
        benchmark:
            f"benchmarks/results/prepare_{name}.tsv"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            module="netspectra.data.prepare",
            settings={"name": name, "data": source, "mirrors": config["download"]["mirrors"]},
            code=code("netspectra.data.prepare"),
        script:
            "../scripts/job.py"
