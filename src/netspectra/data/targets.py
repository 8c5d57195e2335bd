"""Where downloads may be written: plain names, real folders, and files that are nobody else's."""

import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from netspectra.data.damage import printable
from netspectra.errors import DataError

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
OURS = (".part", ".sha256")  # endings of what is written beside a file
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def plain_name(name: object, where: str) -> str:
    """Return a name that stays in its folder.

    Args:
        name: What was given.
        where: What it is the name of, for the message.

    Raises:
        DataError: Not such a name.
    """
    if not isinstance(name, str) or not PLAIN.fullmatch(name) or name.endswith(OURS):
        raise DataError(
            f"{where}: wanted a name of at most 100 letters, digits and ._+-, the first a letter or digit, the end "
            f"not {' or '.join(OURS)}, found {printable(repr(name))}",
            remedy=f"correct {where} in params.yaml",
        )
    return name


def real_folder(folder: Path) -> Path:
    """Make a folder and return it; inside the project no part of its path may be a link.

    Raises:
        DataError: A link, or it cannot be made.
    """
    whole, tree = Path(os.path.abspath(folder)), Path.cwd()  # noqa: PTH100  (resolving would hide the links)
    inside = [part for part in (whole, *whole.parents) if part != tree and part.is_relative_to(tree)]
    for part in inside or [whole]:
        if part.is_symlink():
            raise DataError(f"{part}: a link to {part.readlink()}, wanted a folder", remedy=f"rm {part}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def unwritable(path: Path, error: OSError) -> DataError:
    """The error for a file or folder of ours that cannot be written."""
    full = error.errno in FULL
    remedy = f"free some space where {path.parent} lies, and run again" if full else f"make {path.parent} writable"
    return DataError(f"{path}: {'the disk is full' if full else 'cannot be written'} ({error.strerror})", remedy=remedy)


class Part:
    """What has come of a file so far, in `<file>.part`; held open, so that what is checked is what was written."""

    def __init__(self, target: Path) -> None:
        """Open it behind what is there; a link, or a file that has another name too, is replaced.

        Raises:
            DataError: It cannot be opened for writing.
        """
        self.path = target.with_name(target.name + ".part")
        try:
            self._drop_foreign()
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self.path, flags, 0o644), "r+b", buffering=0)
        except OSError as error:
            raise unwritable(self.path, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self.size:
            self.remove()
        self._file.close()

    def _drop_foreign(self) -> None:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            self.path.unlink()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return os.fstat(self._file.fileno()).st_size

    def write(self, block: bytes) -> None:
        """Append a block; raises `DataError` where that is not possible."""
        view = memoryview(block)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise unwritable(self.path, error) from None

    def restart(self) -> None:
        """Forget what there is."""
        self._file.truncate(0)

    def sha256(self) -> str:
        """Checksum of what there is, in hexadecimal."""
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()

    def become(self, target: Path) -> None:
        """Take the file's place, on the disk first; raises `DataError` where that is not possible."""
        try:
            os.fsync(self._file.fileno())
            self.path.replace(target)
        except OSError as error:
            raise unwritable(target, error) from None

    def remove(self) -> None:
        """Leave nothing behind."""
        self.path.unlink(missing_ok=True)
