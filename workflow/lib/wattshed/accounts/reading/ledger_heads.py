"""Other JSON-lines files, such as data sets, are not read as ledgers: their first bytes say what they are."""

from pathlib import Path

from wattshed.energy.ledger.reading import parse_ledger
from wattshed.foundation.faults import Fault
from wattshed.foundation.opening.regular_files import (
    DAMAGED,
    LONGEST_MAGIC,
    ZIP,
    decompressed,
    open_regular,
    why,
)

HEAD_BYTES = 4096
EVENT = b'"event"'
# A start event, whichever of its fields comes first.
KNOWN = (b'"start"', b'"schema"', b'"machine"')


class NotALedger(Exception):
    """A file of JSON lines that are not a ledger's events."""


def check_head(path: str) -> None:
    """Raise :class:`NotALedger` for another file, from its first bytes alone; :class:`Fault` if it cannot be read.

    An empty file, a torn first line and one of an unknown event pass: the ledger's reader says what is wrong with them.
    """
    try:
        with open_regular(path) as file:
            head = file.read(HEAD_BYTES)
            if head.startswith(ZIP):
                return
            stream = decompressed(head[:LONGEST_MAGIC], file)
            if stream is not None:
                with stream:
                    head = stream.read(HEAD_BYTES)
    except DAMAGED as error:
        raise Fault(
            f"{path} cannot be read ({why(error)}): expected a ledger that this user may read; change its rights, or "
            "restore the file."
        ) from error
    if not head or ".jsonl.part" in path.lower() or b'{"event": "start"'.startswith(head[:17]):
        return
    first, newline, _ = head.partition(b"\n")
    if EVENT not in first:
        raise NotALedger
    if newline and not any(word in first for word in KNOWN):
        parse_ledger(first + newline, Path(path))
