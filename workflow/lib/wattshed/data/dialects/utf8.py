"""Text of any encoding as a stream of UTF-8 bytes, without the mark at its start."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from wattshed.data.dialects.containers import Container
from wattshed.foundation.faults import Fault, one_line

CHUNK_BYTES = 1 << 20


@contextmanager
def open_utf8(container: Container, encoding: str, mark_bytes: int, start: int = 0) -> Iterator[IO[bytes]]:
    """The text of ``container`` in UTF-8 from byte ``start`` of it on; ``encoding`` is that of the file."""
    with container.open() as stream:
        stream.read(mark_bytes)
        if encoding == "utf-8":
            plain: IO[bytes] = stream
        else:
            plain = io.BufferedReader(_Recoded(stream, encoding, str(container.path)), CHUNK_BYTES)
        while start > 0:
            start -= len(plain.read(min(start, CHUNK_BYTES))) or start
        yield plain


class _Recoded(io.RawIOBase):
    """The bytes of a text in another encoding; raises :class:`Fault` where they are not in the stated one."""

    def __init__(self, stream: IO[bytes], encoding: str, where: str) -> None:
        self._text = io.TextIOWrapper(cast(Any, stream), encoding, newline="")
        self._encoding, self._where, self._ready = encoding, where, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._ready:
            try:
                self._ready = self._text.read(CHUNK_BYTES).encode("utf-8", "surrogatepass")
            except UnicodeError as error:
                raise Fault(
                    f"{self._where} cannot be read as {self._encoding} ({one_line(error)}); expected text of this "
                    "encoding: correct data.source.encoding."
                ) from error
        given, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)
