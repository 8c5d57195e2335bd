"""data/raw and data/prepared: official files, checked, then one tensor file per set."""

for name, block in layout.sets_in_use(config).items():

    source = layout.version_of(name, block)

    rule:
        """Bring the official files of a data set from the first source that has them."""
        name:
            f"fetch_{name}"
        output:
            files=layout.raw(name, block),
        log:
            layout.log_file(config, f"fetch_{name}"),
        benchmark:
            layout.benchmark_file(config, f"fetch_{name}")
        retries: 1
        threads: 1
        resources:
            mem_mb=1000,
            runtime=60,
        params:
            settings={"name": name, "data": source, "download": config["download"]},
            code=code("netspectra.data.fetch"),
        script:
            "../scripts/job.py"

    rule:
        """Turn checked files into one tensor file."""
        name:
            f"prepare_{name}"
        input:
            files=layout.raw(name, block),
        output:
            data=update(layout.prepared_file(config, name)),
        log:
            layout.log_file(config, f"prepare_{name}"),
        benchmark:
            layout.benchmark_file(config, f"prepare_{name}")
        threads: 1
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            settings={"name": name, "data": source, "mirrors": config["download"]["mirrors"]},
            code=code("netspectra.data.prepare"),
        script:
            "../scripts/job.py"
