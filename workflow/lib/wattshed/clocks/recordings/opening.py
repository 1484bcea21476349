"""Opens a recording as text: plain or compressed, in UTF-8, UTF-16 or Latin-1, with any line ends."""

import codecs
import re
from pathlib import Path

from wattshed.foundation.faults import Fault
from wattshed.foundation.opening.regular_files import (
    DAMAGED,
    ZIP,
    NotRegular,
    decompressed,
    open_regular,
    read_regular,
    why,
)

HEAD_BYTES = 4096
ENTITY = re.compile(rb"(?m)^#\s*Entity\b")
# Blank lines and comments at a file's begin; `#1` may be a cell.
LEADING = re.compile(rb"(?:[ \t]*\n|#(?!\d)[^\n]*\n)*#(?!\d)[^\n]*\n")
COMMENT = re.compile(rb"(?m)^#(?!\d)[^\n]*")
SEPARATOR = re.compile(rb"[,;\t|]")
NUMBER = re.compile(rb"^\s*[-+]?\d[\d.]*(?:[eE][-+]?\d+)?\s*$")


def read_text(path: Path) -> bytes:
    """The file's content in UTF-8 with ``\\n`` as line ends and without byte order mark.

    Bytes, not str: a log of a million samples would take twice the memory. Raises :class:`Fault`.
    """
    try:
        content = read_regular(path)
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: expected a recording; correct the path.") from error
    except NotRegular as error:
        what = "a folder" if path.is_dir() else "not a regular file"
        raise Fault(f"{path} is {what}: expected a file; correct the path.") from error
    except DAMAGED as error:
        raise Fault(
            f"{path} cannot be read ({why(error)}): expected a complete file that you may read."
        ) from error
    content = _as_utf8(content)
    if b"\0" in content:
        raise Fault(f"{path} is not text (it holds NUL bytes): expected a CSV or a log; correct the path.")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"#" in content:
        content = _without_comments(content)
    if is_blank(content):
        raise Fault(f"{path} is empty: expected a recording; correct the path.")
    return content


def read_head(path: Path) -> str:
    """The first lines of the text that :func:`read_text` gives, without reading all of a plain file."""
    try:
        with open_regular(path) as file:
            head = file.read(HEAD_BYTES)
            packed = head.startswith(ZIP) or decompressed(head, file) is not None
    except DAMAGED:
        packed = True  # read_text says what is wrong
    if (
        packed
        or not head.strip()
        or b"\0" in head
        or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    ):
        return head_of(read_text(path))
    head = head.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = _without_comments(head).decode("utf-8", errors="replace")
    return text if text.strip() else head_of(read_text(path))


def is_blank(content: bytes) -> bool:
    # Most logs begin with a letter; strip() would copy the whole log.
    return not content[:HEAD_BYTES].strip() and not content.strip()


def head_of(content: bytes) -> str:
    return content[:HEAD_BYTES].decode("utf-8", errors="replace")


def _as_utf8(content: bytes) -> bytes:
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes it
        return content.decode("utf-16", errors="replace").encode()
    if content.isascii():
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").encode()
    return content


def _without_comments(content: bytes) -> bytes:
    """Blank lines in place of those that begin with ``#``, so that lines keep their numbers.

    ``#Entity`` begins the header of dcgmi dmon. A line of names behind ``#`` is a header if a row of numbers follows.
    """
    if ENTITY.search(content[:HEAD_BYTES]):
        return content
    above = LEADING.match(content)
    rest = content[above.end() :] if above else content
    kept = b""
    if above and any(NUMBER.match(cell) for cell in SEPARATOR.split(rest.split(b"\n", 1)[0])):
        lines = above[0].split(b"\n")
        last = max(at for at, line in enumerate(lines) if line.strip())
        if SEPARATOR.search(lines[last]):
            kept = b"\n" * last + lines[last].lstrip(b"# ") + b"\n" * (len(lines) - last - 1)
    if above and not kept:
        kept = b"\n" * above[0].count(b"\n")
    return kept + (COMMENT.sub(b"", rest) if b"\n#" in rest else rest)


def filled_lines(content: bytes) -> list[int]:
    """Numbers of the lines that are not blank."""
    return [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]


def line_of(content: bytes, row: int, skipped: int) -> int:
    """Number of the line that holds data row ``row`` (from 0); skipped: header lines that are not blank."""
    filled = (number for number, line in enumerate(content.split(b"\n"), 1) if line.strip())
    for count, number in enumerate(filled):
        if count == row + skipped:
            return number
    return row + skipped + 1
