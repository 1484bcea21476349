"""The journal of a sweep: every measured point is on disk before the next one begins, so that a kill loses none.

JSON lines: what is swept (``sweep``), then for each start ``session``, for each step of the search ``step`` with the
settings to measure, for each measured point ``row``, and at the end ``stop`` with the reason.
"""

import errno
import fcntl
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattshed.clocks.sweeping.identity import first_difference, plain
from wattshed.foundation.faults import Fault, say

SCHEMA = 1
# What a line of each kind must hold.
KEYS = {
    "sweep": ("schema", "identity"),
    "session": ("number",),
    "step": ("settings",),
    "row": ("values", "spent_s"),
    "stop": ("reason",),
}
HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
# File systems that cannot sync or lock say so with these.
CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK)


@dataclass
class Kept:
    """What a journal holds. rows: measured points with their session; left: settings of the last step that are not
    measured yet; spent_s: time that the points took; stop: why the sweep ended, None if it did not."""

    identity: dict[str, Any] = field(default_factory=dict)
    sessions: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    spent_s: float = 0.0
    stop: str | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case "sweep":
                self.identity = dict(event["identity"])
            case "session":
                self.sessions = int(event["number"])
                self.stop = None
            case "step":
                self.left = [int(setting) for setting in event["settings"]]
            case "row":
                row = dict(event["values"])
                self.rows.append(row)
                self.spent_s += float(event["spent_s"])
                if event.get("planned", True) and self.left:
                    self.left.pop(0)
            case "stop":
                self.stop = str(event["reason"])


class Journal:
    """Writer and memory of one sweep's points. Without a path it keeps them in memory only."""

    def __init__(self, path: Path | None, identity: Mapping[str, Any]) -> None:
        """Open or begin the journal of the sweep that ``identity`` describes.

        Raises :class:`Fault` if it cannot be written, is damaged, belongs to another sweep, or another process writes
        it.
        """
        self.path = path
        self._handle = -1
        self.kept = Kept(identity=plain(identity))
        if path is None:
            return
        self._handle = _open_alone(path)
        try:
            kept, end = _read(path)
            if kept is None:
                os.ftruncate(self._handle, 0)
                self._append("sweep", schema=SCHEMA, identity=plain(identity))
                return
            if difference := first_difference(kept.identity, plain(identity)):
                raise OtherSweep(path, difference, len(kept.rows))
            # What a kill cut off.
            os.ftruncate(self._handle, end)
            self.kept = kept
        except BaseException:
            self.close()
            raise

    def begin_session(self) -> int:
        """Note another start; returns its number, from 1."""
        self._note("session", number=self.kept.sessions + 1)
        return self.kept.sessions

    def plan(self, settings: Sequence[int]) -> None:
        """Note the settings that are measured next."""
        self._note("step", settings=list(settings))

    def keep(self, values: Mapping[str, Any], spent_s: float, *, planned: bool = True) -> None:
        """Note a measured point. planned: False for one beside the step, as at the start of a session."""
        self._note("row", values=plain(values), spent_s=spent_s, planned=planned)

    def end(self, reason: str) -> None:
        self._note("stop", reason=reason)

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _note(self, event: str, **fields: Any) -> None:
        if self._handle >= 0:
            self._append(event, **fields)
        self.kept.take({"event": event, **fields})

    def _append(self, event: str, **fields: Any) -> None:
        line = f"{json.dumps({'event': event, **fields}, allow_nan=False)}\n".encode()
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._handle, left) :]
            _sync(self._handle)
        except OSError as error:
            raise Fault(
                f"{self.path} cannot be written ({error.strerror}): expected room for the points of a sweep; free some "
                "and run the same command again, which goes on with the points kept."
            ) from error


class OtherSweep(Fault):
    """A journal of another sweep. difference: in words; points: how many it holds."""

    def __init__(self, path: Path, difference: str, points: int) -> None:
        super().__init__(
            f"{path} holds {points} points of another sweep ({difference}): expected the same one; name another "
            "output, or move that file away to begin again."
        )
        self.difference = difference
        self.points = points


def open_or_restart(path: Path, identity: Mapping[str, Any]) -> Journal:
    """The journal of this sweep; one of another sweep, and a damaged one, is renamed with a reason, and a new one
    begins."""
    try:
        return Journal(path, identity)
    except OtherSweep as other:
        reason = other.difference
    except DamagedJournal as damaged:
        reason = damaged.what
    aside = _free_name(path)
    path.replace(aside)
    say(f"{path} cannot be continued ({reason}): it was renamed to {aside}, and the sweep begins again.")
    return Journal(path, identity)


def _free_name(path: Path) -> Path:
    """Points that were set aside before stay too."""
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.other{number if number > 1 else ''}")
        if not aside.exists():
            return aside
    raise AssertionError("numbers do not end")


class DamagedJournal(Fault):
    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path} is damaged ({what}): expected the journal of a sweep; move it away to begin again, or name "
            "another output."
        )
        self.what = what


def read_journal(path: Path) -> Kept | None:
    """What a journal holds; None if there is none. Raises :class:`DamagedJournal`."""
    return _read(path)[0] if path.exists() else None


def _open_alone(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        raise Fault(
            f"{path} cannot be written ({error.strerror}): expected a folder that this user may write; name another "
            "output."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            os.close(handle)
            raise Fault(
                f"{path} is being written by another process: expected one sweep per output; wait for it, or name "
                "another output."
            ) from error
    return handle


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in CANNOT:
            raise


def _read(path: Path) -> tuple[Kept | None, int]:
    """What the whole lines hold and where they end; None if not even the first line is whole."""
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    kept: Kept | None = None
    for number, line in enumerate(content[:end].splitlines(), start=1):
        try:
            event = json.loads(line)
            lacking = [key for key in KEYS[event["event"]] if key not in event]
            if lacking:
                raise DamagedJournal(path, f"line {number} lacks {lacking[0]!r}")
            if kept is None:
                if event["event"] != "sweep" or event["schema"] != SCHEMA:
                    raise DamagedJournal(path, "it does not begin as this version of wattshed begins one")
                kept = Kept()
            kept.take(event)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedJournal(path, f"line {number} is not an event of a sweep") from error
    return kept, end
