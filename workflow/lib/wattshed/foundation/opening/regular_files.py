"""Opens files that others put into a folder: regular files only, compressed or not, without ever waiting.

A FIFO would keep a reader waiting for ever, and opening a device can change it.
"""

import bz2
import gzip
import io
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO

ZIP = b"PK\x03\x04"
ZSTD = b"\x28\xb5\x2f\xfd"
LONGEST_MAGIC = 6
# What reading a compressed file raises if it is damaged, cut off, encrypted, or packed by an unknown method.
DAMAGED: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    RuntimeError,
    ImportError,
)


class NotRegular(OSError):
    """Not a regular file: a folder, FIFO, socket or device."""


def open_regular(path: Path | str) -> BinaryIO:
    """The file, unbuffered; raises :class:`NotRegular`, or another OSError for one that cannot be opened.

    The mode is read before the file is opened, because a writer that waits at a FIFO's other end would go on.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise NotRegular(0, "it is not a regular file", str(path))
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRegular(0, "it is not a regular file", str(path))
    return io.FileIO(handle)


def decompressed(head: bytes, file: BinaryIO) -> IO[bytes] | None:
    """A stream of the content if the file's first bytes are those of gzip, bzip2, xz or Zstandard; else None.

    head: the first bytes; the file is read from its beginning.
    """
    for magic, opener in _OPENERS.items():
        if head.startswith(magic):
            file.seek(0)
            stream: IO[bytes] = opener(io.BufferedReader(file))  # type: ignore[type-var]
            return stream
    return None


def read_regular(path: Path | str) -> bytes:
    """All bytes of a regular file, decompressed if it is compressed; of a zip archive, its only member.

    Raises one of :data:`DAMAGED`.
    """
    with open_regular(path) as file:
        content = file.read()
        if content.startswith(ZIP):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(names) != 1:
                    raise zipfile.BadZipFile(f"it holds {len(names)} files, expected one; unpack it")
                return archive.read(names[0])
        stream = decompressed(content[:LONGEST_MAGIC], file)
        if stream is None:
            return content
        with stream:
            return stream.read()


def why(error: BaseException) -> str:
    """An error of :data:`DAMAGED` as part of a sentence."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


class _ZstdStream(io.RawIOBase):
    """All frames of a Zstandard file; its errors are OSErrors, and a file that was cut off is one."""

    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        self._file = file
        self._failed = zstandard.ZstdError
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame: Any = self._decompressor.decompressobj()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            more = self._file.read(io.DEFAULT_BUFFER_SIZE)
            if not more:
                if self._frame is not None:
                    raise OSError(0, "its Zstandard data was cut off")
                return 0
            self._ready = memoryview(self._decompress(more))
        part = self._ready[: len(buffer)]
        buffer[: len(part)] = part
        self._ready = self._ready[len(part) :]
        return len(part)

    def _decompress(self, data: bytes) -> bytes:
        parts = []
        try:
            while data:
                if self._frame is None:
                    self._frame = self._decompressor.decompressobj()
                parts.append(self._frame.decompress(data))
                data = self._frame.unused_data
                if not self._frame.eof:
                    break
                self._frame = None
        except self._failed as error:
            raise OSError(0, f"damaged Zstandard data ({error})") from error
        return b"".join(parts)


# Each returns a stream that its caller closes.
_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    ZSTD: lambda file: io.BufferedReader(_ZstdStream(file)),
}
