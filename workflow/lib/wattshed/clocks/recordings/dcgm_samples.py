"""The samples of a log of ``dcgmi dmon``.

Its header names columns by short tags; the line of units below has none for some columns, so that it is not aligned by
counting. A row begins with two words, such as ``GPU 0``, and the device's name may hold blanks.
"""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.matching import match_columns, need
from wattshed.clocks.recordings.opening import read_text
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
JOINT = b"\xc2\xa0"  # a blank that does not separate words here
MISSING = ["N/A", "[N/A]", "nan", "-", "ERR!", "Err"]
MOST_DEVICES = 64


def read_dcgm(path: Path, block: RecordingBlock, note: Note) -> pd.DataFrame:
    """Samples of all GPUs in the log; ``time_s`` is missing unless ``block.columns`` names a column of seconds.

    Raises :class:`Fault`.
    """
    content = read_text(path)
    names, rows = _rows(path, content, note)
    found = match_columns(path, names, ALIASES, block)
    need(path, found, () if "energy_counter_j" in found else ("power_w",), names)
    device = found.get("gpu")
    rows = _names_joined(path, rows, names, None if device is None else names.index(device) + 2)
    kept = {
        "(entity)": "(entity)",
        "(number)": "(number)",
        **{theirs: ours for ours, theirs in found.items()},
    }
    texts = {theirs for ours, theirs in found.items() if ours in TEXTS} | {"(entity)"}
    table = _parsed(path, rows, ["(entity)", "(number)", *names], list(kept), texts)
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
    check_samples(path, samples)
    return samples


def _rows(path: Path, content: bytes, note: Note) -> tuple[list[str], bytes]:
    """The names in the header, and the rows without the repeated lines of header and units."""
    lines = content.split(b"\n", 3)
    header, units = lines[0], lines[1] if len(lines) > 1 else b""
    names = header.decode("utf-8", "replace").replace("#", " ").split()[1:]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Fault(
            f"{path}: the column {repeated[0]!r} occurs twice: expected each field once; record again."
        )
    if not content.endswith(b"\n"):
        content = content[: content.rfind(b"\n") + 1]
        note(f"{path}: its last line was not finished and is left out.")
    content = content.replace(header + b"\n", b"")
    if re.match(rb"^(ID|Id)\b", units.strip()):
        content = content.replace(units + b"\n", b"")
    if re.search(rb"(?m)^\s*#", content):
        raise Fault(f"{path}: its header changes on the way: expected one list of fields; cut the log there.")
    if not content.strip():
        raise Fault(f"{path} has no rows below its header: expected samples; correct the path.")
    return names, content


def _names_joined(path: Path, rows: bytes, names: list[str], at: int | None) -> bytes:
    """The rows with devices' names as one word each. at: the place of the name among a row's words."""
    if at is None:
        return rows
    # A device's rows repeat; all devices are among the first rows.
    for line in dict.fromkeys(rows[: 1 << 16].split(b"\n")[:-1]):
        words = line.split()
        extra = len(words) - len(names) - 2
        if extra <= 0 or JOINT in line:
            continue
        found = re.search(rb"\s+".join(re.escape(word) for word in words[at : at + extra + 1]), line)
        if found and found[0] in rows:
            rows = rows.replace(found[0], JOINT.join(found[0].split()))
    return rows


def _parsed(path: Path, rows: bytes, names: list[str], kept: list[str], texts: set[str]) -> pd.DataFrame:
    # A word at the end of each row shows rows with too many or too few of them.
    rows = rows.replace(b"\n", b" ~\n")
    try:
        table = pd.read_csv(
            io.BytesIO(rows),
            sep=r"\s+",
            header=None,
            names=[*names, "(end)"],
            usecols=[*kept, "(end)"],
            na_values=MISSING,
            dtype=dict.fromkeys((*texts, "(number)", "(end)"), "category"),
            index_col=False,
            quoting=3,
            on_bad_lines="error",
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise Fault(
            f"{path} cannot be read as a table of dcgmi dmon ({' '.join(str(error).split())}): expected {len(names)} "
            "words in each row; correct or remove the line."
        ) from error
    whole = (table["(end)"] == "~").to_numpy()
    if not whole.all():
        raise Fault(
            f"{path}: sample {int(np.argmin(whole)) + 1} does not have {len(names)} words: expected one for "
            "each column; "
            "correct or remove the row."
        )
    for name in kept:
        if name not in texts | {"(number)"} and not pd.api.types.is_numeric_dtype(table[name]):
            numbers = pd.to_numeric(table[name], errors="coerce")
            row = int(np.argmax(numbers.isna() & table[name].notna()))
            raise Fault(
                f"{path}: {name} of sample {row + 1} is {table[name].iloc[row]!r}: expected a number or N/A; correct "
                "or remove the line."
            )
    return table


def _whole(path: Path, words: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(words.astype("str"), errors="coerce")
    if numbers.isna().any():
        raise Fault(
            f"{path}: a GPU's number is {words[numbers.isna()].iloc[0]!r}: expected one such as `GPU 0`; "
            "correct the row."
        )
    return numbers.astype("Int64").reset_index(drop=True)


def _factor(ours: str, block: RecordingBlock) -> float:
    units = UNITS[QUANTITIES[ours]]
    return units[block.units.get(ours, UNITS_OF_DCGM.get(ours, next(iter(units))))]
