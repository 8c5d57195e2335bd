"""netspectra: data -> networks -> tables and metrics -> figures -> verdicts -> report."""

from snakemake.utils import min_version

min_version("9.8")


configfile: "params.yaml"


# Used with --software-deployment-method apptainer; built from the Dockerfile.
container: "netspectra.sif"


include: "workflow/rules/common.smk"


config = resolve(config, workflow.source_path("workflow/schemas/params.schema.yaml"))


include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/experiments.smk"
include: "workflow/rules/claims.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        FIGURES,
        "data/metrics/claims.json",
        "report/index.html",
