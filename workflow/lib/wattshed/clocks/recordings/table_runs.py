"""The runs of a table in CSV or Parquet."""

from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wattshed.clocks.recordings.delimited import Delimited, read_delimited
from wattshed.clocks.recordings.matching import match_columns, need
from wattshed.clocks.recordings.opening import read_text
from wattshed.clocks.recordings.plausible import check_power_time_energy, check_unit
from wattshed.clocks.recordings.quantities import numbers_of, words_of
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.table_names import ALIASES
from wattshed.clocks.runs import EnergyBy
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault, one_line

PARQUET = b"PAR1"
TRUE, FALSE = {"true", "1", "1.0", "yes", "warm", "active"}, {"false", "0", "0.0", "no", "cold", "not active"}
FAILED = r"(?i)\s*(fail|err|time.?out|timed.?out|kill|crash|abort|oom|out.of.mem|cancel|interrupt)"
NUMBERS = ("applied", "repeat", "order", "time_s", "energy_j", "power_w", "temperature_c", "gpu_index")
# A clock that lies within half a step of the setting is the setting.
SAME_CLOCK_MHZ = 7.5


def read_table(path: Path, block: RecordingBlock, note: Note) -> pd.DataFrame:
    """One row per run with ``line``, its line in the file.

    Energy is power x time, unless the table says how its energy is known (``energy_by``, as wattshed's own tables do),
    has no power, or ``block.columns`` names the energy: energies of unknown origin have been mean power x samples x an
    assumed period. Raises :class:`Fault`, with the line, for what is not a positive number.
    """
    cells = _cells(path, block)
    found = match_columns(path, cells.names, ALIASES, block)
    need(path, found, ("time_s",), cells.names)
    rows = _wanted_rows(cells, found, block)
    frame = pd.DataFrame({"line": [cells.line(int(row)) for row in rows]})
    for name in ("gpu", "gpu_uuid", "workload"):
        frame[name] = words_of(cells, found[name]).iloc[rows].to_numpy() if name in found else pd.NA
    knob, setting = _setting(cells, found, block)
    frame["knob"] = knob[rows]
    frame["setting"] = setting[rows]
    for name in NUMBERS:
        if name in found:
            frame[name] = _numbers(cells, found[name], name, block)[rows]
    if "gpu_index" in found:
        frame["gpu_index"] = frame["gpu_index"].round().astype("Int64")
    if "applied" in found and found["applied"] != "applied":
        # A clock that was read may lie beside the setting by rounding.
        frame["applied"] = (
            frame["applied"]
            .where((frame["applied"] - frame["setting"]).abs() > SAME_CLOCK_MHZ, frame["setting"])
            .where(frame["applied"].notna())
        )
    for name, standard in (("warm", True), ("throttled", False)):
        frame[name] = _flags(cells, found[name])[rows] if name in found else standard
    for name in ("label", "energy_by", "exit_code", "status"):
        if name in found:
            frame[name] = words_of(cells, found[name]).iloc[rows].to_numpy()
    frame = _succeeded(path, frame, note)
    _refuse_unusable(cells, frame, found)
    return _with_energy(path, frame, trusted="energy_j" in block.columns)


def _succeeded(path: Path, frame: pd.DataFrame, note: Note) -> pd.DataFrame:
    """Without the runs whose exit code or status says that they failed."""
    failed = np.zeros(len(frame), dtype=bool)
    if "exit_code" in frame:
        codes = pd.to_numeric(frame["exit_code"], errors="coerce").fillna(0)
        failed |= (codes != 0).to_numpy(bool)
    if "status" in frame:
        failed |= frame["status"].astype("string").str.match(FAILED).fillna(False).to_numpy(bool)
    if failed.all():
        raise Fault(
            f"{path}: all of its {len(frame)} runs failed by their exit code or status: expected others."
        )
    if failed.any():
        note(f"{path}: {int(failed.sum())} of {len(frame)} runs failed and are left out.")
    return frame[~failed].reset_index(drop=True)


def _cells(path: Path, block: RecordingBlock) -> Delimited:
    if path.is_file():
        with path.open("rb") as file:
            if file.read(4) == PARQUET:
                return _from_parquet(path)
    content = read_text(path)
    return read_delimited(path, content, names=block.header or None)


def _from_parquet(path: Path) -> Delimited:
    try:
        table = pq.ParquetFile(path, memory_map=False).read()
        texts = {name: _as_text(table.column(name)) for name in table.column_names}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Fault(
            f"{path} cannot be read as Parquet ({one_line(error)}): expected a complete file."
        ) from error
    return Delimited(path, list(texts), ",", 0, pa.table(texts), is_parquet=True)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    values = column.to_pandas()
    return pa.chunked_array(
        [pa.array(["" if pd.isna(value) else str(value) for value in values], pa.string())]
    )


def _wanted_rows(cells: Delimited, found: dict[str, str], block: RecordingBlock) -> np.ndarray:
    """Positions of the rows of ``block.gpu`` and ``block.workload``, where the table names them."""
    keep = np.ones(cells.table.num_rows, dtype=bool)
    known: dict[str, list[str]] = {}
    for name, wanted in (("gpu", block.gpu), ("workload", block.workload)):
        if wanted is None or name not in found:
            continue
        words = words_of(cells, found[name])
        same = (words == wanted).fillna(False).to_numpy(bool)
        if name == "gpu" and "gpu_uuid" in found:
            same |= (words_of(cells, found["gpu_uuid"]) == wanted).fillna(False).to_numpy(bool)
        known[name] = sorted(words.dropna().unique())
        keep &= same
    if not len(keep):
        raise Fault(f"{cells.path} has no rows: expected one per run; correct the path.")
    if block.gpu_index is not None and "gpu_index" in found:
        indices = _numbers(cells, found["gpu_index"], "gpu_index", block)
        keep &= indices == block.gpu_index
        known["index"] = [f"{index:g}" for index in sorted(set(indices[~np.isnan(indices)]))]
    if not keep.any():
        wanted_ones = (block.workload, block.gpu, block.gpu_index)
        asked = " on ".join(repr(name) for name in wanted_ones if name is not None)
        there = "; ".join(f"{name} {', '.join(names)}" for name, names in known.items())
        raise Fault(f"{cells.path} has no run of {asked}: it has {there}; correct gpu and workload.")
    return np.flatnonzero(keep)


def _setting(cells: Delimited, found: dict[str, str], block: RecordingBlock) -> tuple[np.ndarray, np.ndarray]:
    """Knob and setting of each row."""
    rows = cells.table.num_rows
    if "setting" in found:
        if "knob" in found:
            knobs = words_of(cells, found["knob"]).fillna("").str.lower()
        elif block.knob != "auto":
            knobs = pd.Series([block.knob] * rows)
        else:
            raise Fault(
                f"{cells.path} has a column setting but no column knob: say by the key knob what was swept."
            )
        wrong = ~knobs.isin(["clock", "power_limit"]).to_numpy()
        if wrong.any():
            row = int(np.argmax(wrong))
            raise Fault(
                f"{cells.path}, line {cells.line(row)}: knob is {knobs.iloc[row]!r}: expected clock or power_limit."
            )
        return knobs.to_numpy(object), _numbers(cells, found["setting"], "setting", block)
    both = {"clock": "clock_mhz", "power_limit": "power_limit_w"}
    there = [knob for knob, name in both.items() if name in found]
    if block.knob != "auto":
        there = [knob for knob in there if knob == block.knob]
    if not there:
        wanted = (
            "freq_mhz" if block.knob == "clock" else "power_limit_w" if block.knob == "power_limit" else None
        )
        name = {"clock": "clock_mhz", "power_limit": "power_limit_w"}.get(block.knob, "clock_mhz")
        need(cells.path, found, (name,), cells.names)
        raise Fault(
            f"{cells.path} has no column {wanted or 'freq_mhz or power_limit_w'}: expected the runs' settings."
        )
    if len(there) > 1:
        raise Fault(f"{cells.path} has clocks and power limits: say by the key knob which of them was swept.")
    column = both[there[0]]
    values = numbers_of(cells, found[column], column, block)
    return np.full(rows, there[0], dtype=object), values


def _numbers(cells: Delimited, theirs: str, ours: str, block: RecordingBlock) -> np.ndarray:
    if ours in ("applied", "setting"):  # in the knob's unit, as wattshed writes them
        return numbers_of(cells, theirs, "clock_mhz", block.model_copy(update={"units": {}}))
    if ours in ("repeat", "order", "gpu_index"):
        return numbers_of(cells, theirs, "time_s", block.model_copy(update={"units": {}}))
    return numbers_of(cells, theirs, ours, block)


def _flags(cells: Delimited, theirs: str) -> np.ndarray:
    words = words_of(cells, theirs).fillna("").str.lower()
    if theirs.lower() == "throttled":
        words = words.replace("", "false")  # not known
    wrong = ~words.isin(TRUE | FALSE).to_numpy(bool)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Fault(
            f"{cells.path}, line {cells.line(row)}: {theirs} is {words.iloc[row]!r}: expected true or false."
        )
    return words.isin(TRUE).to_numpy(bool)


def _refuse_unusable(cells: Delimited, frame: pd.DataFrame, found: dict[str, str]) -> None:
    path = cells.path
    for name in ("setting", "gpu_index", "repeat", "order", "time_s", "power_w", "energy_j"):
        if name not in frame or (name == "energy_j" and "power_w" in frame and "energy_by" not in frame):
            continue
        values = frame[name].to_numpy(float)
        wrong = ~((values > 0) & (values < np.inf))
        if name in ("repeat", "order", "gpu_index"):
            wrong = ~(values >= 0) | (values % 1 != 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            theirs = found.get(name, name)
            kind = "whole number" if name in ("repeat", "order", "gpu_index") else "positive number"
            shown = "empty or was not read" if np.isnan(values[row]) else f"{values[row]:g}"
            raise Fault(
                f"{path}, line {frame['line'].iloc[row]}: {theirs} is {shown}; expected a {kind}: correct or "
                "remove the line."
            )
    for name in ("gpu", "workload"):
        if name in found and frame[name].isna().any():
            row = int(np.argmax(frame[name].isna()))
            raise Fault(f"{path}, line {frame['line'].iloc[row]}: {found[name]} is empty: expected a name.")


def _with_energy(path: Path, frame: pd.DataFrame, trusted: bool) -> pd.DataFrame:
    if "power_w" not in frame and "energy_j" not in frame:
        raise Fault(
            f"{path} has no column power_w or energy_j: expected one of them; name it by the key columns."
        )
    for name in ("time_s", "power_w"):
        if name in frame:
            check_unit(path, name, frame[name].to_numpy(float))
    if "power_w" in frame and "energy_j" in frame:
        check_power_time_energy(
            path, *(frame[name].to_numpy(float) for name in ("power_w", "time_s", "energy_j"))
        )
    if "energy_by" in frame:
        known = set(get_args(EnergyBy))
        wrong = ~frame["energy_by"].isin(known).to_numpy(bool)
        if wrong.any() or "energy_j" not in frame:
            row = int(np.argmax(wrong))
            raise Fault(
                f"{path}, line {frame['line'].iloc[row]}: energy_by is {frame['energy_by'].iloc[row]!r}: "
                "expected one of "
                f"{', '.join(sorted(known))}, and a column energy_j."
            )
    elif "power_w" in frame and not trusted:
        frame["energy_j"], frame["energy_by"] = frame["time_s"] * frame["power_w"], "mean_power"
    else:
        frame["energy_by"] = "stated"
    return frame
