"""Kinds of files that a panel cannot be read from, by their first bytes: each is named, with what to do."""

import re
from pathlib import Path

from wattshed.foundation.faults import Fault

UNPACK, EXPORT = "unpack it", "export the readings as one of these"
# As many first bytes as show a tar.
HEAD_BYTES = 1024
KINDS = (
    (rb"\(\xb5/\xfd", "packed with Zstandard (.zst)", UNPACK),
    (rb"\xfd7zXZ", "packed as .xz", UNPACK),
    (rb"BZh\d1AY&", "packed as .bz2", UNPACK),
    (rb"\x04\x22\x4d\x18", "packed with LZ4", UNPACK),
    (rb"7z\xbc\xaf", "an archive of the form .7z", UNPACK),
    (rb"Rar!", "an archive of the form .rar", UNPACK),
    (rb"(?s).{257}ustar", "a tar archive", UNPACK),
    (rb"%PDF", "a PDF", EXPORT),
    (rb"[{\[]\s*[\"{\[\]}]", "a JSON document", EXPORT),
    (
        rb"(?i)<(!doctype|html)",
        "a web page and not a table",
        "download the file itself, perhaps after a login",
    ),
    (rb"<\?xml", "an XML file", EXPORT),
    (rb"version https://git-lfs", "only a pointer of Git LFS to the file", "fetch it with `git lfs pull`"),
    (rb"\x89HDF", "an HDF5 file", EXPORT),
    (rb"CDF[\x01\x02]", "a NetCDF file", EXPORT),
    (rb"ARROW1\x00\x00|FEA1", "an Arrow (Feather) file", EXPORT),
    (rb"SQLite f", "an SQLite database", EXPORT),
    (rb"MATLAB 5", "a MATLAB file", EXPORT),
    (rb"\x93NUMPY", "a NumPy array", EXPORT),
    (rb"\x80[\x04\x05]", "a Python pickle", EXPORT),
    (rb"RDX", "an R data file", EXPORT),
    (rb"\x89PNG|\xff\xd8\xff", "a picture", EXPORT),
)


def refuse_other_kinds(path: Path, head: bytes) -> None:
    """Raise :class:`Fault` for a file whose first bytes are those of another kind. head: at most 1,024, unpacked."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = next(((name, cure) for sign, name, cure in KINDS if re.match(sign, start)), None)
    if found is not None:
        raise Fault(f"{path} is {found[0]}; expected CSV, Parquet or .xlsx, also in .gz or .zip: {found[1]}.")
