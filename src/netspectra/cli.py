"""`netspectra` from a terminal, or `python -m netspectra.cli`: reproduce, status, explain, verdicts, settle, lens.

What goes wrong is said in the last lines, `Error:` and `Remedy:`. Exit status: 0 all is well; 1 it could not be done,
or something that was reproduced is so no more; 2 the command was not understood; 130 it was interrupted.
"""

import sys
from collections.abc import Sequence

from netspectra.errors import NetspectraError, said

EXTRAS = {"typer": "cli", "rich": "cli", "jinja2": "cli"}  # anything else that is missing is of the workflow
USAGE, INTERRUPTED = 2, 130
STOPPED = "Error: interrupted\nRemedy: run the same command again; finished work is kept"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status.

    Args:
        arguments: Those of the command line, without the program's name; None for the ones of this process.
    """
    given = _kept(list(sys.argv[1:] if arguments is None else arguments))
    try:
        from netspectra.commands.app import app

        sys.path.insert(0, "")  # a reader's own functions lie where the command is given
        status = app(given or ["--help"], prog_name="netspectra", standalone_mode=False) or 0
        return _end(STOPPED, status) if status == INTERRUPTED else status
    except (NetspectraError, OSError) as error:
        return _end(said(error))
    except ModuleNotFoundError as error:
        return _end(_missing(error))
    except KeyboardInterrupt:
        return _end(STOPPED, INTERRUPTED)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's own, whose classes stand elsewhere from version to version
            raise
        return _end(_misused(error), USAGE)


def _kept(given: list[str]) -> list[str]:
    """The arguments with the first "--" of those for Snakemake twice: one of two is taken away on the way to it."""
    at = given.index("--") if given[:1] == ["reproduce"] and "--" in given else len(given)
    return [*given[:at], *given[at : at + 1], *given[at:]]


def _end(text: str, status: int = 1) -> int:
    sys.stdout.flush()
    print(text, file=sys.stderr)
    return status


def _missing(error: ModuleNotFoundError) -> str:
    name = (error.name or "").split(".")[0]
    extra = EXTRAS.get(name, "workflow")
    return f"Error: this command needs {name}, which is not installed\nRemedy: pip install 'netspectra[{extra}]'"


def _misused(error: Exception) -> str:
    place = getattr(getattr(error, "ctx", None), "command_path", "netspectra")
    return f"Error: {error.format_message()}\nRemedy: {place} --help, which has examples"


if __name__ == "__main__":
    sys.exit(main())
