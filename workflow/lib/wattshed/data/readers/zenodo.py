"""Downloads one large file: resumes with HTTP Range requests after a broken connection, checks the md5."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from wattshed.foundation.faults import Fault

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60
ATTEMPTS = 5


def download(url: str, path: Path, md5: str) -> None:
    """Download ``url`` to ``path`` unless a file with this md5 is already there.

    A partial download is kept in ``path`` + ``.part`` and resumed, also by a later run; ``path`` appears only with the
    right md5. Raises :class:`Fault` without a network, or if the server's file has another md5.
    """
    if path.is_file():
        found = _md5(path)
        if found == md5:
            return
        raise Fault(
            f"{path} has md5 {found}; expected {md5}: delete the file and run again to download it again."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _resume(url, part)
            break
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if refused or attempt == ATTEMPTS:
                arrived = part.stat().st_size if part.is_file() else 0
                reason = str(getattr(error, "reason", "") or error or type(error).__name__)
                raise Fault(
                    f"{path.name} could not be downloaded from {urlsplit(url).netloc} ({reason}; {arrived} bytes "
                    f"arrived); expected a network: connect and run again to resume, or place the file at {path}."
                ) from error
    found = _md5(part)
    if found != md5:
        part.unlink()
        raise Fault(
            f"{path.name} from {urlsplit(url).netloc} has md5 {found}; expected {md5}: run again to "
            "download it again; if this repeats, the file on the server was changed."
        )
    part.replace(path)


def _resume(url: str, part: Path) -> None:
    """Append what is missing to ``part``; start over if the server ignores the range."""
    arrived = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={arrived}-"} if arrived else {})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if arrived and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # The server has nothing left to send; the md5 decides.
        raise
    with answer, part.open("ab" if answer.status == http.client.PARTIAL_CONTENT else "wb") as file:
        expected = answer.headers.get("Content-Length")
        received = 0
        while chunk := answer.read(CHUNK_BYTES):
            file.write(chunk)
            received += len(chunk)
    if expected is not None and received < int(expected):
        raise ConnectionError(f"the connection broke after {received} of {expected} bytes")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
