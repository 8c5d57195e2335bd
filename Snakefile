"""netspectra: data -> networks -> tables and metrics -> figures -> verdicts -> report."""

from snakemake.utils import min_version

min_version("9.8")


# Used with --software-deployment-method apptainer; built from the Dockerfile.
container: "netspectra.sif"


include: "workflow/rules/common.smk"


# Strictly, before Snakemake reads it, which lets a key pass that stands twice.
ours(read, "params.yaml")


configfile: "params.yaml"


config = ours(resolve, config)


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
