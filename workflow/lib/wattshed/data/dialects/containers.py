"""Plain files, .gz, .zip with one file, and what is in them: text, Parquet or a workbook."""

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from wattshed.data.signatures import HEAD_BYTES, refuse_other_kinds
from wattshed.foundation.faults import Fault, one_line

Content = Literal["text", "parquet", "workbook"]
Compression = Literal["gzip", "zip"]
# Archives of macOS hold a twin of each file.
HIDDEN = ("__MACOSX/", ".")
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True)
class Container:
    """A file and what is in it.

    member: name of the file within a .zip.
    """

    path: Path
    content: Content
    compression: Compression | None = None
    member: str | None = None

    @property
    def name(self) -> str:
        """Name of the table's own file: without .gz, or as it is called within a .zip."""
        if self.member is not None:
            return self.member.rsplit("/", 1)[-1]
        return self.path.name[: -len(".gz")] if self.compression == "gzip" else self.path.name

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes of the table, unpacked. Raises :class:`Fault` where they cannot be read."""
        try:
            if self.compression == "gzip":
                with gzip.open(self.path) as packed:
                    yield cast(IO[bytes], packed)
            elif self.compression == "zip":
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member or "") as packed:
                    yield packed
            else:
                with self.path.open("rb") as plain:
                    yield plain
        except UNREADABLE as error:
            raise self.damaged(error) from error

    def damaged(self, error: BaseException) -> Fault:
        content = {"parquet": "Parquet", "workbook": "a workbook", "text": "CSV"}[self.content]
        kind = {"gzip": ".gz", "zip": ".zip"}.get(self.compression or "", content)
        return Fault(
            f"{self.path} cannot be read as {kind} ({one_line(error) or type(error).__name__}); "
            "expected a complete, well-formed file: make or download the file again."
        )

    @contextmanager
    def open_at_any_place(self) -> Iterator[IO[bytes]]:
        """As :meth:`open`, for readers that seek; a packed file is unpacked to a temporary one first."""
        with self.open() as stream:
            if self.compression is None:
                yield stream
                return
            with tempfile.TemporaryFile() as unpacked:
                shutil.copyfileobj(stream, unpacked, 1 << 20)
                unpacked.seek(0)
                yield unpacked


def container_of(path: Path) -> Container:
    """What a file is, by its first bytes and its name.

    Raises :class:`Fault` for a missing file, a folder, an archive of several files and a file of another kind.
    """
    try:
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise _unopened(path, error) from error
    if not exists:
        pattern = " or no file matches this pattern" if any(sign in str(path) for sign in "*?[") else ""
        raise Fault(
            f"{path} does not exist{pattern}; expected a CSV or Parquet file: correct data.source.path in the config."
        )
    if not path.is_file():
        raise Fault(
            f"{path} is not a file; expected a table: name the files in it, such as "
            f"{path.name}/*.csv, in data.source.path."
        )
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise _unopened(path, error) from error
    suffix = path.suffix.lower()
    if head[:2] == b"\x1f\x8b" or suffix == ".gz":
        within = Container(path, "text", "gzip")
        with within.open() as stream:
            return Container(path, content_of(within, stream.read(HEAD_BYTES)), "gzip")
    if suffix in (".xlsx", ".xlsm") and head[:8] != OLD_WORKBOOK:
        return Container(path, "workbook")
    if head[:4] == b"PK\x03\x04" or suffix == ".zip":
        return _in_zip(path)
    return Container(path, content_of(Container(path, "text"), head))


def _unopened(path: Path, error: OSError | ValueError) -> Fault:
    name = str(path) if len(str(path)) < 200 else f"{str(path)[:80]}..."
    return Fault(
        f"{name} cannot be opened ({getattr(error, 'strerror', None) or error}); expected a file that this user may "
        "read: correct its permissions, or data.source.path in the config."
    )


def content_of(container: Container, head: bytes) -> Content:
    """What the table's own file is, by its first bytes. Raises :class:`Fault` where it is not a table."""
    suffix = Path(container.name).suffix.lower()
    if head[:8] == OLD_WORKBOOK or suffix == ".xls":
        old = "a workbook of the old form .xls" + ("" if suffix == ".xls" else ", or one with a password")
        raise Fault(
            f"{container.path} is {old}; expected .xlsx without a password, CSV or Parquet: save it as .xlsx."
        )
    if suffix in (".parquet", ".pq") or head[:4] == b"PAR1":
        return "parquet"
    if suffix in (".xlsx", ".xlsm") or (head[:4] == b"PK\x03\x04" and container.compression):
        return "workbook"
    if head[:2] == b"\x1f\x8b":
        raise Fault(f"{container.path} holds another packed file; expected a table in it: unpack it once.")
    refuse_other_kinds(container.path, head)
    return "text"


def _in_zip(path: Path) -> Container:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/")
                and not name.startswith(HIDDEN[0])
                and Path(name).name[0] != HIDDEN[1]
            ]
            if "xl/workbook.xml" in archive.namelist():
                return Container(path, "workbook")
            secret = any(entry.flag_bits & 1 for entry in archive.infolist())
    except UNREADABLE as error:
        raise Container(path, "text", "zip").damaged(error) from error
    if secret:
        raise Fault(
            f"{path} needs a password; expected an archive without one: unpack it and name the file in it."
        )
    if len(names) != 1:
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        raise Fault(
            f"{path} holds {len(names)} files{f' ({shown})' if names else ''}; expected exactly one: unpack it and "
            "name the files in data.source.path."
        )
    within = Container(path, "text", "zip", names[0])
    with within.open() as stream:
        return Container(path, content_of(within, stream.read(HEAD_BYTES)), "zip", names[0])
