"""What a file's name says: ledger, table, or something that must be converted before it can be read."""

import re
from pathlib import PurePath

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
LEDGERS = (".jsonl", ".jsonl.part", ".jsonl.spent")
# Programs and people add to a table's name: emissions.csv.bak, emissions.csv_0.bak, emissions.csv~.
TABLE = re.compile(r"\.[ct]sv(?![a-z])")
# A record by its name alone, in a form that is not read, with the cure.
CURES = {
    (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".numbers"): "save it as CSV",
    (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar"): "unpack it",
}
EMISSIONS = "emissions"
_COPY = re.compile(
    r"([-_. ]*\(\d+\)|[-_. ]+copy([-_. ]*\(?\d+\)?)?|[-_. ]+(backup|bak|old|orig|save)([-_. ]*\d+)?|[-_. ]+\d{1,2}|~)$"
)


def is_ledger(name: str) -> bool:
    """A ledger's name, compressed or not, in small or capital letters."""
    return _plain(name).endswith(LEDGERS)


def is_table(name: str) -> bool:
    """A name under which a table is kept: ``x.csv``, its backups and copies, compressed or in an archive."""
    low = name.lower()
    if low.endswith(".csv"):
        return True
    if TABLE.search(low):
        return True
    # CodeCarbon's own file after its suffix was lost or changed, and archives, whose members have names of their own.
    plain = _plain(low)
    return low.endswith(".zip") or (
        EMISSIONS in low and PurePath(plain).suffix in ("", ".txt", ".bak", ".old", ".orig")
    )


def cure(name: str) -> str | None:
    """What to do with a file that is a record by its name but of a form that is not read; None for other files."""
    low = name.lower()
    if EMISSIONS not in low:
        return None
    return next((advice for endings, advice in CURES.items() if low.endswith(endings)), None)


def original(path: str) -> str:
    """The path without what marks a copy: of ``a/emissions (1).csv`` and ``a/emissions.csv.bak``, ``a/emissions``."""
    folder, slash, name = path.rpartition("/")
    stem = _plain(name.lower())
    found = TABLE.search(stem)
    stem = stem[: found.start()] if found else stem
    while shorter := _COPY.sub("", stem):
        if shorter == stem:
            break
        stem = shorter
    return f"{folder}{slash}{stem}"


def without_compression(name: str) -> str:
    for ending in COMPRESSED:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _plain(name: str) -> str:
    return without_compression(name.lower())
