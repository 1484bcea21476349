"""Whether a command can write where it was told to, asked before any work is done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wattshed.foundation.faults import Fault, one_line


def check_folder(path: Path, option: str) -> None:
    """Raise :class:`Fault` unless files can be written in a folder that may not exist yet; nothing is made."""
    try:
        if path.exists() and not path.is_dir():
            raise Fault(
                f"{option} {path} is a file: expected a folder, which is made if need be; name another one."
            )
        above = next(place for place in (path, *path.absolute().parents) if place.exists())
    except OSError as error:
        raise _unwritable(path, option, error.strerror or one_line(error)) from error
    if not above.is_dir():
        raise _unwritable(path, option, f"{above} is a file")
    as_who_acts = os.access in os.supports_effective_ids
    if not os.access(above, os.W_OK | os.X_OK, effective_ids=as_who_acts):
        raise _unwritable(path, option, f"{above} may not be written by this user")


def check_file(path: Path, option: str) -> None:
    """As :func:`check_folder`, for a file that is written or replaced."""
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise _unwritable(path, option, error.strerror or one_line(error)) from error
    if is_folder:
        raise Fault(f"{option} {path} is a folder: expected the name of a file; name one in it.")
    if path.exists() and not path.is_file():
        raise Fault(f"{option} {path} is a device, a pipe or a socket: expected a file; name another one.")
    check_folder(path.parent, option)


@contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Errors of the operating system while outputs are written, in one sentence."""
    try:
        yield
    except OSError as error:
        raise _unwritable(Path(error.filename or path), option, error.strerror or one_line(error)) from error


def _unwritable(path: Path, option: str, reason: str) -> Fault:
    return Fault(
        f"{option}: {path} cannot be written ({reason}): expected a folder that this user may write, with room; name "
        "another one."
    )
