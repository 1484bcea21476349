"""Outputs appear complete or not at all: they are written beside their place, synced, then moved."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Under these names a file holds the digest of its own content.
JSON_DIGEST = "content_sha256"
FRAME_DIGEST = b"wattshed_sha256"


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path in the same folder; move it to ``path`` only if the block succeeds.

    A link stays a link: the file that it names is replaced. Raises OSError (EINVAL) for a device, a pipe or another
    thing that a new file would take the place of.
    """
    target = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes private files; results get the usual permissions.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def write_text(path: Path | str, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any, *, sealed: bool = False) -> None:
    """Write strict JSON: NaN and infinity are defects, not numbers.

    sealed: an object gets its digest as last key, which :func:`~wattshed.foundation.documents.read_json` checks.
    """
    if sealed:
        value = {**value, JSON_DIGEST: json_digest(value)}
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def json_digest(value: dict[str, Any]) -> str:
    """SHA-256 over an object as JSON, independent of the order of its keys and of spacing."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()


def write_parquet(path: Path | str, frame: pd.DataFrame) -> None:
    """Write a frame without its index, and a digest of its content among the file's metadata.

    A frame with structs gets none: pandas does not read them as they were written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if not any(pa.types.is_struct(column) for column in table.schema.types):
        # The digest covers the frame as a reader gets it; its types may differ from this frame's.
        digest = frame_digest(table.to_pandas())
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), FRAME_DIGEST: digest})
    with whole_file(path) as temporary:
        pq.write_table(table, temporary)


def frame_digest(frame: pd.DataFrame) -> bytes:
    """SHA-256 over the names of a frame's columns and the hashes of their values, as hexadecimal digits."""
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(json.dumps([str(name) for name in frame.columns]).encode())
    digest.update(str(len(frame)).encode())
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        digest.update(repr(column.dtype).encode())
        if column.dtype == object:
            # Lists cannot be hashed.
            digest.update(json.dumps(column.tolist(), default=_plain).encode())
        else:
            digest.update(hash_pandas_object(column, index=False).to_numpy().tobytes())
    return digest.hexdigest().encode()


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
