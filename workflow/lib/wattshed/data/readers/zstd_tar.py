"""Reads the members of a tar in zstd one after another, without unpacking to disk."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from wattshed.foundation.faults import Fault

CHUNK_BYTES = 1 << 20


def stream_members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file whose name ends in ``suffix``; nothing is unpacked to disk.

    Raises :class:`Fault` for a missing, truncated or corrupt archive.
    """
    if not path.is_file():
        raise Fault(f"{path} does not exist; expected a tar in zstd: download it first (fetch_goiener).")
    try:
        with path.open("rb") as file:
            stream = _ZstdStream(file)
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    if member.isfile() and member.name.endswith(suffix):
                        content = archive.extractfile(member)
                        assert content is not None
                        yield member.name, content.read()
            # tarfile accepts a truncated file as complete; only the compressed stream shows the truncation.
            while stream.read(CHUNK_BYTES):
                pass
    except (zstandard.ZstdError, tarfile.TarError, EOFError) as error:
        raise Fault(
            f"{path} is truncated or corrupt ({str(error) or type(error).__name__}); expected a complete "
            "tar in zstd: "
            "delete it and download it again."
        ) from error


class _ZstdStream(io.RawIOBase):
    """The decompressed bytes; raises EOFError if the compressed ones are truncated."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._ready = b""

    def read(self, size: int = -1) -> bytes:
        while not self._ready:
            chunk = self._frame.unused_data if self._frame.eof else b""
            chunk = chunk or self._file.read(CHUNK_BYTES)
            if not chunk:
                if not self._frame.eof:
                    raise EOFError("the file ends within the archive")
                return b""
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = self._frame.decompress(chunk)
        size = len(self._ready) if size < 0 else size
        given, self._ready = self._ready[:size], self._ready[size:]
        return given
