"""Errors that a person can mend: each says what is wrong, where, and what to do."""


class DataError(RuntimeError):
    """A data file that is missing, damaged or too small, or a source that does not answer."""


class DeviceError(RuntimeError):
    """The device that the settings ask for is not there."""


class SettingsError(ValueError):
    """A setting that is unknown, of the wrong type or impossible."""


class ClaimError(ValueError):
    """A claim that is wrongly written, or that asks for a metric nobody measures."""


class CheckpointError(RuntimeError):
    """A network file that is missing, damaged or from other settings."""


class TrainingError(RuntimeError):
    """Training that cannot go on."""
