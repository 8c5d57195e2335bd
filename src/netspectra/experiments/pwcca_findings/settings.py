"""Settings of pwcca_findings."""

from netspectra.blocks import Experiment, ExperimentNames


class Settings(Experiment):
    """The four findings of the PWCCA notes under five measures of distance, from the tables of their experiments."""

    reads: ExperimentNames
