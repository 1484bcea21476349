"""The ledger: one append-only JSON-lines file per job, on disk after every event. Schema: docs/ledger.md."""

import json
import os
import threading
from pathlib import Path
from typing import Any

from wattshed.foundation.faults import Fault

SCHEMA = 3


class Ledger:
    """Writer of one job's ledger; may be appended to from several threads.

    While the job runs the file is called ``….part``; it gets its final name when the job ends. A killed job leaves the
    ``.part``, and the attempt that resumes the job appends to it.

    Raises :class:`Fault` if the folder cannot be made or written.
    """

    def __init__(self, path: Path, *, resumes: bool) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self.part.exists() and not resumes:
                # The energy of an attempt that is not continued is kept, but does not belong to this job.
                self.part.rename(_free_name(path))
            self._file = self.part.open("a", encoding="utf-8")
        except OSError as error:
            raise Fault(
                f"{self.part} cannot be written ({error.strerror}): expected a folder that this user may write; "
                "change its rights or name another ledger."
            ) from error
        if self._file.tell() and not _ends_with_newline(self.part):
            self._file.write("\n")

    def append(self, event: str, **fields: Any) -> None:
        """Append one event; it is on disk when this returns. NaN and infinity are refused."""
        line = json.dumps({"event": event, **fields}, allow_nan=False) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())

    def finish(self) -> None:
        """Close the file and give it its final name."""
        self._file.close()
        self.part.replace(self.path)

    def abandon(self) -> None:
        """Close the file and leave it as ``.part`` for the attempt that resumes the job."""
        self._file.close()


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.stem}.abandoned-{number}{path.suffix}")).exists():
        number += 1
    return candidate


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
