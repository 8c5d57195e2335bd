"""Errors that a person can mend: each says what is wrong, where, and what to do."""


class NetspectraError(RuntimeError):
    """What a person can mend.

    Args:
        message: One line: where, what was found, and what was wanted.
        remedy: What to do about it, as a command where there is one; empty where the message says it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        return super().__str__() + (f"\nRemedy: {self.remedy}" if self.remedy else "")


class DataError(NetspectraError):
    """A data file that is missing, damaged or too small, or a source that does not answer."""


class DeviceError(NetspectraError):
    """The device that the settings ask for is not there."""


class SettingsError(NetspectraError, ValueError):
    """A setting that is unknown, of the wrong type or impossible."""


class ClaimError(NetspectraError, ValueError):
    """A claim that is wrongly written, or that asks for a metric nobody measures."""


class CheckpointError(NetspectraError):
    """A network file that is missing, damaged or from other settings."""


class TrainingError(NetspectraError):
    """Training that cannot go on."""


def said(error: BaseException) -> str:
    """An error as the last lines that a person sees: what is wrong, and what to do about it."""
    if isinstance(error, NetspectraError):
        return f"Error: {error.args[0]}" + (f"\nRemedy: {error.remedy}" if error.remedy else "")
    return f"Error: {type(error).__name__}: {error}\nRemedy: the log has the whole story"
