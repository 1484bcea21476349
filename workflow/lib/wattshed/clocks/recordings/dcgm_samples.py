"""The samples of a log of ``dcgmi dmon``.

Its header names columns by short tags; the line of units below has none for some columns, so that it is not aligned by
counting. A row begins with two words, such as ``GPU 0``, and the device's name may hold blanks.
"""

import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.matching import match_columns, need
from wattshed.clocks.recordings.opening import is_blank, read_head, read_text
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.samples import as_samples, check_samples
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.recording_columns import QUANTITIES, UNITS
from wattshed.foundation.faults import Fault

ALIASES = {
    "time_s": (),
    "gpu": ("DVNAM",),
    "gpu_uuid": ("UUID#", "UUID"),
    "power_w": ("POWER",),
    "power_limit_w": ("PMLMT",),
    "energy_counter_j": ("TOTEC",),
    "temperature_c": ("TMPTR",),
    "gpu_busy_share": ("GPUTL",),
    "memory_busy_share": ("MCUTL",),
    "sm_clock_mhz": ("SMCLK",),
    "memory_clock_mhz": ("MMCLK",),
    "sm_active_share": ("SMACT",),
    "sm_occupancy_share": ("SMOCC",),
    "tensor_share": ("TENSO",),
    "dram_share": ("DRAMA",),
}
# Where they are not ours. The counter is in mJ, and activity is a fraction already.
UNITS_OF_DCGM = {"energy_counter_j": "mJ", "gpu_busy_share": "percent", "memory_busy_share": "percent"}
TEXTS = ("gpu", "gpu_uuid")
JOINT = b"\x1f"  # a blank inside a name
END = b" ~"  # the last word of each row
MISSING = ["N/A", "[N/A]", "nan", "-", "ERR!", "Err"]


def read_dcgm(path: Path, block: RecordingBlock, note: Note) -> pd.DataFrame:
    """Samples of all GPUs in the log; ``time_s`` is missing unless ``block.columns`` names a column of seconds.

    Raises :class:`Fault`.
    """
    names = _names(path, read_head(path))
    found = match_columns(path, names, ALIASES, block)
    need(path, found, () if "energy_counter_j" in found else ("power_w",), names)
    device = found.get("gpu")
    rows = _rows(path, names, None if device is None else names.index(device) + 2, note)
    texts = {theirs for ours, theirs in found.items() if ours in TEXTS} | {"(entity)", "(number)"}
    table = _parsed(
        path, rows, ["(entity)", "(number)", *names], [*sorted(texts | set(found.values()))], texts
    )
    del rows
    odd = table["(entity)"] != "GPU"
    if odd.any():
        # Parts of a GPU (MIG) and other entities are not whole GPUs.
        note(f"{path}: {int(odd.sum())} rows of other entities than GPUs are left out.")
        table = table[~odd]
    if table.empty:
        raise Fault(f"{path} has no row of a GPU: expected rows such as `GPU 0 ...`; correct the path.")
    columns: dict[str, object] = {"gpu_index": _whole(path, table["(number)"])}
    for ours, theirs in found.items():
        if ours in TEXTS:
            columns[ours] = table[theirs].astype("string").str.replace(JOINT.decode(), " ").to_numpy()
        else:
            columns[ours] = table[theirs].to_numpy(float) * _factor(ours, block)
    if "time_s" in found:
        columns["time_s"] = np.asarray(columns["time_s"]) - np.asarray(columns["time_s"])[0]
    samples = as_samples(columns, len(table))
    samples.attrs = {"begins_at_s": None, "averaged_s": 0.0}
    check_samples(path, samples, note)
    return samples


def _names(path: Path, head: str) -> list[str]:
    first = next((line for line in head.splitlines() if line.strip()), "")
    names = first.replace("#", " ").split()[1:]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Fault(
            f"{path}: the column {repeated[0]!r} occurs twice: expected each field once; record again."
        )
    return names


def _rows(path: Path, names: list[str], name_at: int | None, note: Note) -> bytes:
    """The rows without the repeated lines of header and units, devices' names as one word each, and a last word
    that shows where a row ends.

    name_at: the place of the device's name among a row's words. One copy of the log is held at a time.
    """
    content = read_text(path).lstrip(b"\n")
    if not content.endswith(b"\n"):
        content = content[: content.rfind(b"\n") + 1]
        note(f"{path}: its last line was not finished and is left out.")
    header, units = (line + b"\n" for line in [*content[: 1 << 16].split(b"\n", 2), b""][:2])
    if re.match(rb"\s*(ID|Id)\b", units):
        content = content.replace(header + units, b"").replace(units, b"")
    if header in content:
        content = content.replace(header, b"")
    if content.startswith(b"#") or b"\n#" in content:
        content = _without_headers(content, header, units)
    if content.startswith(b"#") or b"\n#" in content:
        raise Fault(f"{path}: its header changes on the way: expected one list of fields; cut the log there.")
    if is_blank(content):
        raise Fault(f"{path} has no rows below its header: expected samples; correct the path.")
    if b"\n\n" in content or content.startswith(b"\n"):
        content = re.sub(rb"\n{2,}", b"\n", content).lstrip(b"\n")
    if name_at is not None:
        for spaced in _spaced_names(content[: 1 << 16], len(names) + 2, name_at):
            content = content.replace(spaced, JOINT.join(spaced.split()))
    return content.replace(b"\n", END + b"\n")


def _without_headers(content: bytes, *headers: bytes) -> bytes:
    """Without repeated lines of header and units that differ in their blanks alone."""
    words = [header.split() for header in headers]
    return b"".join(line + b"\n" for line in content.split(b"\n")[:-1] if line.split() not in words)


def _spaced_names(head: bytes, words_in_row: int, at: int) -> list[bytes]:
    """Names of devices that hold blanks, the longest first. All devices are among the first rows.

    A device's name is the one that most of its rows have: a row may have a word too many elsewhere.
    """
    found: dict[tuple[bytes, bytes], Counter[bytes]] = {}
    for line in head.split(b"\n")[:-1]:
        words = line.split()
        extra = len(words) - words_in_row
        if extra < 0:
            continue
        name = re.search(rb"\s+".join(re.escape(word) for word in words[at : at + extra + 1]), line)
        if name:
            # Instances of a GPU (GPU-I) share its number.
            found.setdefault((words[0], words[1]), Counter())[name[0]] += 1
    names = {counts.most_common(1)[0][0] for counts in found.values()}
    return sorted((name for name in names if len(name.split()) > 1), key=len, reverse=True)


def _parsed(path: Path, rows: bytes, names: list[str], kept: list[str], texts: set[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            io.BytesIO(rows),
            sep=r"\s+",
            header=None,
            names=[*names, "(end)"],
            usecols=[*kept, "(end)"],
            na_values=MISSING,
            dtype=dict.fromkeys((*texts, "(end)"), "category"),
            index_col=False,
            quoting=3,
            on_bad_lines="error",
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise Fault(
            f"{path} cannot be read as a table of dcgmi dmon ({' '.join(str(error).split())}): expected {len(names)} "
            "words in each row; correct or remove the line."
        ) from error
    whole = (table["(end)"] == END.decode().strip()).to_numpy()
    if not whole.all():
        raise Fault(
            f"{path}: sample {int(np.argmin(whole)) + 1} does not have {len(names)} words: expected one for "
            "each column; "
            "correct or remove the row."
        )
    for name in kept:
        if name not in texts and not pd.api.types.is_numeric_dtype(table[name]):
            numbers = pd.to_numeric(table[name], errors="coerce")
            row = int(np.argmax(numbers.isna() & table[name].notna()))
            raise Fault(
                f"{path}: {name} of sample {row + 1} is {table[name].iloc[row]!r}: expected a number or N/A; correct "
                "or remove the line."
            )
    return table


def _whole(path: Path, words: pd.Series) -> pd.Series:
    known = pd.to_numeric(pd.Series([*words.cat.categories, None], dtype="object"), errors="coerce").to_numpy(
        float
    )
    numbers = known[words.cat.codes]
    if np.isnan(numbers).any():
        raise Fault(
            f"{path}: a GPU's number is {words[np.isnan(numbers)].iloc[0]!r}: expected one such as `GPU 0`; "
            "correct the row."
        )
    return pd.Series(numbers).astype("Int64")


def _factor(ours: str, block: RecordingBlock) -> float:
    units = UNITS[QUANTITIES[ours]]
    return units[block.units.get(ours, UNITS_OF_DCGM.get(ours, next(iter(units))))]
