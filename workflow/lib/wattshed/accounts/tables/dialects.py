"""Tables as people keep them: any usual separator and encoding, compressed or not, streamed line by line."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, BinaryIO

from wattshed.accounts.tables.names import is_ledger
from wattshed.foundation.opening.regular_files import LONGEST_MAGIC, ZIP, decompressed, open_regular

# A table is recognised by its first bytes: a file of any size that is not one costs this much reading.
HEAD_BYTES = 4096
# If they hold no whole line, this much.
LONGEST_HEADER_BYTES = 1 << 16
LONGEST_LINE = 1 << 20
SEPARATORS = (",", ";", "\t", "|")
# Written by spreadsheets before the header, to name the separator.
_NAMED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class NotThisTable(Exception):
    """A file without the columns that are looked for."""


class TooLong(ValueError):
    """A line that no table has."""


@dataclass(frozen=True)
class Table:
    """separator; head: the decoded beginning of the file; lines: all of it, from the first line."""

    place: str
    head: str
    lines: Iterator[str]


def open_tables(path: str, column: str) -> Iterator[Table]:
    """The tables in a file whose first bytes hold the name ``column``: one, or the members of a zip archive.

    A table must be read before the next one is taken. Raises :class:`NotThisTable` if there is none, before the rest
    of the file is read, and the errors of :data:`~wattshed.foundation.opening.regular_files.DAMAGED`.
    """
    with open_regular(path) as file:
        head = file.read(HEAD_BYTES)
        if head.startswith(ZIP):
            yield from _members(path, file, column)
            return
        stream = decompressed(head[:LONGEST_MAGIC], file)
        if stream is None:
            yield _table(path, head, file, column)
            return
        with stream:
            yield _table(path, stream.read(HEAD_BYTES), stream, column)


def _members(path: str, file: BinaryIO, column: str) -> Iterator[Table]:
    file.seek(0)
    found = False
    with zipfile.ZipFile(io.BufferedReader(file)) as archive:  # type: ignore[type-var]
        for member in archive.infolist():
            if member.is_dir():
                continue
            with archive.open(member) as stream:
                try:
                    table = _table(f"{path}, {member.filename}", stream.read(HEAD_BYTES), stream, column)
                except NotThisTable:
                    continue
                found = True
                yield table
    if not found:
        raise NotThisTable


def ledgers_in_archive(path: str) -> int:
    with open_regular(path) as file, zipfile.ZipFile(io.BufferedReader(file)) as archive:  # type: ignore[type-var]
        return sum(is_ledger(name) for name in archive.namelist())


def _table(place: str, head: bytes, file: IO[bytes], column: str) -> Table:
    if len(head) == HEAD_BYTES and b"\n" not in head and b"\r" not in head:
        while len(head) < LONGEST_HEADER_BYTES and (more := file.read(LONGEST_HEADER_BYTES - len(head))):
            head += more
    # In UTF-16 and UTF-32 zeros are between the letters.
    if column.encode() not in head.replace(b"\0", b"").lower():
        raise NotThisTable
    encoding = encoding_of(head)
    if len(head) < HEAD_BYTES:
        text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
        return Table(place, text, _short(io.StringIO(text, newline="")))
    whole = io.TextIOWrapper(
        io.BufferedReader(_Again(head, file)), encoding=encoding, errors="replace", newline=""
    )
    beginning = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    return Table(place, beginning, _short(whole))


def _short(file: io.TextIOBase) -> Iterator[str]:
    """Lines; raises :class:`TooLong` instead of reading a longer one into memory."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise TooLong(f"a line is longer than {LONGEST_LINE:,} characters")
        yield line


def encoding_of(head: bytes) -> str:
    """Name of a text's encoding, from its byte order mark or its first bytes."""
    for mark, name in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
    ):
        if head.startswith(mark):
            return name
    half = len(head) // 2
    if half and head[1::2].count(0) > 0.8 * half:
        return "utf-16-le"
    if half and head[::2].count(0) > 0.8 * half:
        return "utf-16-be"
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A letter that the end of the head cuts in two is still UTF-8.
        if error.start < len(head) - 4:
            return "cp1252"
    return "utf-8"


def split_header(lines: Iterator[str], needed: frozenset[str]) -> tuple[list[str], str, int]:
    """Names of columns, separator and number of the header's line; lines before it are skipped.

    needed: one of them must be in the header. Raises :class:`NotThisTable`.
    """
    for number, line in enumerate(lines, start=1):
        text = line.lstrip("\ufeff").strip()
        if not text or text.startswith("#") or _NAMED.fullmatch(text):
            continue
        found = _header(text, needed)
        if found is None:
            break
        return [*found[0]], found[1], number
    raise NotThisTable


@lru_cache(maxsize=1024)
def _header(text: str, needed: frozenset[str]) -> tuple[tuple[str, ...], str] | None:
    for separator in SEPARATORS:
        try:
            cells = next(csv.reader([text], delimiter=separator), [])
        except csv.Error:
            continue
        names = tuple(cell.strip().lstrip("\ufeff").lower() for cell in cells)
        if needed & set(names):
            return names, separator
    return None


class _Again(io.RawIOBase):
    """Bytes that were read before, and then the rest of their file."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._head:
            more = self._rest.read(len(buffer))
            buffer[: len(more)] = more
            return len(more)
        part = self._head[: len(buffer)]
        buffer[: len(part)] = part
        self._head = self._head[len(part) :]
        return len(part)
