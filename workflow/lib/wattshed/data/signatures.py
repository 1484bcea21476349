"""Kinds of files that a panel cannot be read from, by their first bytes: each is named, with what to do."""

from wattshed.foundation.faults import Fault

PACKED = {
    b"\x28\xb5\x2f\xfd": "packed with Zstandard (.zst)",
    b"\xfd7zXZ\x00": "packed as .xz",
    b"7z\xbc\xaf\x27\x1c": "an archive of the form .7z",
    b"Rar!\x1a\x07": "an archive of the form .rar",
    b"\x04\x22\x4d\x18": "packed with LZ4",
}
BZIP2, BZIP2_BLOCK = b"BZh", b"1AY&"
OTHERS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"CDF\x01": "a NetCDF file",
    b"CDF\x02": "a NetCDF file",
    b"ARROW1\x00\x00": "an Arrow (Feather) file",
    b"FEA1": "a Feather file",
    b"SQLite f": "an SQLite database",
    b"MATLAB 5": "a MATLAB file",
    b"\x93NUMPY": "a NumPy array",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"RDX": "an R data file",
    b"%PDF": "a PDF",
    b"<!DOCTYP": "a web page",
    b"<!doctyp": "a web page",
    b"<html": "a web page",
    b"<HTML": "a web page",
    b"<?xml": "an XML file",
    b"[{": "a JSON file",
    b'{"': "a JSON file",
    b"{\n": "a JSON file",
    b"[\n": "a JSON file",
}


def refuse_other_kinds(head: bytes, where: str) -> None:
    """Raise :class:`Fault` for a file of another kind. head: its first 8 bytes, unpacked."""
    wanted = "expected CSV, Parquet or .xlsx, also in .gz or .zip"
    packed = next((kind for sign, kind in PACKED.items() if head.startswith(sign)), None)
    if head.startswith(BZIP2) and head.endswith(BZIP2_BLOCK):
        packed = "packed as .bz2"
    if packed is not None:
        raise Fault(f"{where} is {packed}; {wanted}: unpack it.")
    other = next((kind for sign, kind in OTHERS.items() if head.startswith(sign)), None)
    if other == "a web page":
        raise Fault(
            f"{where} is a web page and not a table; {wanted}: download the file itself, perhaps after a login."
        )
    if other is not None:
        raise Fault(f"{where} is {other}; {wanted}: export the table as one of these.")
