"""The note of a locked GPU: who locked it, and what was found before. It outlives a killed sweep.

The note is written before the knob is turned and removed after it was given back. A GPU's uuid is unique in the world,
so one name per GPU is enough where several machines share a home folder.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshed.clocks.runs import KnobName
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.opening.regular_files import read_regular
from wattshed.foundation.recovery.processes import boot_id, start_of
from wattshed.foundation.user_cache import cache_folder

NAMESPACE = "/proc/self/ns/pid"


@dataclass(frozen=True)
class LockNote:
    """One GPU's lock, and the process that holds it.

    namespace: of process ids; an id means nothing in another one. started: tells two processes with one id apart.
    knob: None while nothing was turned. found_power_limit_mw: the limit before the sweep [mW], None if it is unknown.
    failed: why the knob could not be given back, None if that was not tried.
    """

    gpu: str
    gpu_uuid: str
    user: str
    host: str
    boot: str
    namespace: str
    pid: int
    started: str
    since_utc: str
    knob: KnobName | None = None
    found_power_limit_mw: int | None = None
    failed: str | None = None

    @classmethod
    def of_this_process(cls, gpu: str, gpu_uuid: str, found_power_limit_mw: int | None) -> LockNote:
        return cls(
            gpu=gpu,
            gpu_uuid=gpu_uuid,
            user=_user(),
            host=platform.node(),
            boot=boot_id(),
            namespace=_namespace(),
            pid=os.getpid(),
            started=start_of(os.getpid()) or "",
            since_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            found_power_limit_mw=found_power_limit_mw,
        )

    def from_this_boot(self) -> bool:
        """A restarted machine has forgotten its locks: the GPU is then as its driver starts it."""
        return self.boot == boot_id()

    def has_ended(self) -> bool:
        """True only if the process has certainly ended; one that cannot be checked from here counts as alive."""
        if not self.from_this_boot():
            return True
        return self.namespace == _namespace() and start_of(self.pid) != self.started

    def same_sweep(self, other: LockNote) -> bool:
        """Whether one sweep wrote both, whatever they say of the knob."""
        mine, theirs = (
            (note.boot, note.namespace, note.pid, note.started, note.since_utc) for note in (self, other)
        )
        return mine == theirs

    def words(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host} since {self.since_utc}"


def notes_folder() -> Path:
    """The user's folder of notes, one file per locked GPU."""
    return cache_folder() / "gpu_locks"


def note_path(folder: Path, gpu_uuid: str) -> Path:
    return folder / f"{gpu_uuid}.json"


def read_note(path: Path) -> LockNote | None:
    """The note; None if there is none. Raises :class:`Fault` for one that cannot be read."""
    try:
        kept: dict[str, Any] = json.loads(read_regular(path))
        note = LockNote(**kept)
        limit_mw = note.found_power_limit_mw
        if not isinstance(note.pid, int) or not (
            limit_mw is None or (isinstance(limit_mw, int) and limit_mw > 0)
        ):
            raise ValueError("its pid or its power limit is not a number of one")
        return note
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise Fault(
            f"{path} cannot be read ({one_line(error)}): expected the note of a sweep that locked this GPU; give its "
            f"clock back with `sudo nvidia-smi -i {path.stem} -rgc`, and remove the file."
        ) from error


def create_note(path: Path, note: LockNote) -> None:
    """Write the first note of a GPU. Raises :class:`FileExistsError` if another sweep was faster."""
    part = _written_beside(path, note)
    try:
        # Unlike a move, a link fails where the name exists, on network file systems too.
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("x", encoding="utf-8") as file:
            file.write(part.read_text(encoding="utf-8"))
    finally:
        part.unlink(missing_ok=True)


def replace_note(path: Path, note: LockNote) -> None:
    """Write a later note of a GPU in one step. Raises :class:`Fault` if it cannot be written."""
    _written_beside(path, note).replace(path)


def _written_beside(path: Path, note: LockNote) -> Path:
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
        part = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(note), file)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise Fault(
            f"{path} cannot be written ({error.strerror}): without this note a killed sweep would leave the GPU "
            "locked and nothing would tell; free the disk, or set XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return part


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return f"uid {os.getuid()}"


def _namespace() -> str:
    with suppress(OSError):
        return os.readlink(NAMESPACE)
    return ""
