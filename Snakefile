"""netspectra: data -> networks -> tables and metrics -> figures -> verdicts -> report."""

from snakemake.utils import min_version

min_version("9.8")


# Used with --software-deployment-method apptainer; built from the Dockerfile.
container: "netspectra.sif"


include: "workflow/rules/common.smk"


# Strictly, before Snakemake reads it, which lets a key pass that stands twice.
ours(read, "params.yaml")


configfile: "params.yaml"


SCALES = list(config["scales"])
config = ours(resolve, config)
ours(ask_for_one_scale)


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
        layout.metrics_file(config, "claims"),
        layout.overview_file(config, "svg"),
        layout.overview_file(config, "png"),
        layout.page_file(config),


if workflow.is_main_process:
    take_over(workflow.logger_manager, config)
    atexit.register(say_errors, time.time())
    ours(check_claims)
    ours(own_networks.check, config)
    ours(take_places)
    ours(make_stale_again)
