"""The samples of a log of nvidia-smi."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.delimited import Delimited, read_delimited
from wattshed.clocks.recordings.matching import match_columns, need, plain_name
from wattshed.clocks.recordings.opening import read_head, read_text
from wattshed.clocks.recordings.quantities import numbers_of, words_of
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.samples import as_samples, check_samples
from wattshed.clocks.recordings.smi_names import (
    ALIASES,
    AVERAGED_S,
    HELD_DOWN,
    IDENTITIES,
    PERCENT,
    REASONS,
    STAMP,
    USUAL_HEADER,
)
from wattshed.clocks.recordings.stamps import are_numbers, epoch_seconds, in_seconds, stamps_say_their_offset
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault


def read_smi(path: Path, block: RecordingBlock, note: Note) -> pd.DataFrame:
    """Samples of all GPUs in the log. Raises :class:`Fault`."""
    head = read_head(path)
    names = _names_without_header(path, head, block)
    header = names or _plain_header(head)
    found = match_columns(path, header, ALIASES, block)
    need(path, found, ("power_w",) if "energy_counter_j" not in found else (), header)
    thing = found.get("gpu")
    identity = _identity(found, header)
    powers, reasons = _powers(found, header, block), _reasons(found, header)
    cells = read_delimited(
        path,
        read_text(path),
        names=names,
        wanted={*found.values(), *powers, *reasons, *identity},
        named_things=thing,
        log=note,
    )
    if powers:
        found["power_w"] = _read_power(cells, powers, block)
    columns: dict[str, object] = {
        ours: numbers_of(cells, theirs, ours, block, PERCENT.get(ours))
        for ours, theirs in found.items()
        if ours not in ("time_s", "gpu", "gpu_uuid", "gpu_index", "workload", "throttled")
    }
    columns |= {
        ours: words_of(cells, found[ours]) for ours in ("gpu", "gpu_uuid", "workload") if ours in found
    }
    if identity:
        columns["gpu"] = _told_apart(columns.get("gpu"), words_of(cells, identity[0]))
    if "gpu_index" in found:
        columns["gpu_index"] = _indices(cells, found["gpu_index"])
    if reasons:
        columns["throttled"] = _any_known([_throttled(cells, theirs) for theirs in reasons])
    begins_at_s = None
    if "time_s" in found:
        texts = cells.texts(found["time_s"])
        if are_numbers(texts):
            times = in_seconds(numbers_of(cells, found["time_s"], "time_s", block))
            if np.isnan(times).any():
                raise Fault(
                    f"{path}, line {cells.line(int(np.argmax(np.isnan(times))))}: the time is empty: expected one in "
                    "each line; correct or remove the line."
                )
            begins_at_s, columns["time_s"] = float(times[0]), times - times[0]
        else:
            columns["time_s"], begins_at_s = epoch_seconds(
                texts, block.time_zone or "UTC", str(path), cells.line
            )
    samples = as_samples(columns, cells.table.num_rows)
    samples.attrs = {
        "begins_at_s": begins_at_s,
        "offset_known": begins_at_s is not None and stamps_say_their_offset(cells.texts(found["time_s"])),
        "averaged_s": 0.0 if "instant" in found.get("power_w", "") else AVERAGED_S,
    }
    check_samples(path, samples, note)
    return samples


def _powers(found: dict[str, str], header: list[str], block: RecordingBlock) -> list[str]:
    """The columns of power by preference: a driver may offer a field that it does not fill."""
    if "power_w" not in found:
        return []
    if "power_w" in block.columns:
        return [found["power_w"]]
    plain = {plain_name(name): name for name in reversed(header)}
    return [plain[name] for name in ("power_w", *ALIASES["power_w"]) if name in plain]


def _read_power(cells: Delimited, powers: list[str], block: RecordingBlock) -> str:
    """The first column of power that was ever read."""
    for theirs in powers:
        if not np.isnan(numbers_of(cells, theirs, "power_w", block)).all():
            return theirs
    return powers[0]


def _identity(found: dict[str, str], header: list[str]) -> list[str]:
    if "gpu_uuid" in found or "gpu_index" in found:
        return []
    return [name for name in header if plain_name(name) in IDENTITIES][:1]


def _told_apart(names: object, identities: pd.Series) -> object:
    """GPUs' names with what tells them apart, where there are several."""
    if identities.nunique() < 2:
        return pd.NA if names is None else names
    if names is None:
        return "GPU " + identities
    return pd.Series(names).astype("string") + " (" + identities + ")"


def _reasons(found: dict[str, str], header: list[str]) -> list[str]:
    """All columns that tell whether the GPU was held down."""
    if "throttled" in found:
        return [found["throttled"]]
    return [name for name in header if plain_name(name) in REASONS]


def _any_known(flags: list[pd.Series]) -> pd.Series:
    """True where any is true, missing where none is known."""
    known = pd.concat(flags, axis=1)
    return known.any(axis=1).astype("boolean").mask(known.isna().all(axis=1))


def _plain_header(head: str) -> list[str]:
    first = next(line for line in head.splitlines() if line.strip())
    separator = max(",;\t|", key=first.count)
    return [cell.strip().strip('"').strip() for cell in first.split(separator)]


def _names_without_header(path: Path, head: str, block: RecordingBlock) -> list[str] | None:
    """The columns of a file whose first line is already a sample; None if it has a header."""
    if block.header:
        return block.header
    if not STAMP.match(head.lstrip()):
        return None
    cells = _plain_header(head)
    if len(cells) >= len(USUAL_HEADER) and cells[-1].startswith("P") and cells[1].isdigit():
        return USUAL_HEADER
    raise Fault(
        f"{path} has no header, and its {len(cells)} columns are not those of a known query: list the names of "
        "--query-gpu in their order by the key header."
    )


def _indices(cells: Delimited, theirs: str) -> pd.Series:
    words = words_of(cells, theirs)
    codes, known = pd.factorize(words)
    numbers = pd.to_numeric(pd.Series([*known, None], dtype="object"), errors="coerce").to_numpy(float)[codes]
    if np.isnan(numbers).any():
        row = int(np.argmax(np.isnan(numbers)))
        raise Fault(
            f"{cells.path}, line {cells.line(row)}: the GPU's index is {words[row]!r}: expected a number."
        )
    return pd.Series(numbers).astype("Int64")


def _throttled(cells: Delimited, theirs: str) -> pd.Series:
    """From ``Active`` and ``Not Active``, or from the mask of reasons in hexadecimal."""
    words = words_of(cells, theirs)
    codes, known = pd.factorize(words)
    held = []
    for word in known:
        text = str(word).lower()
        if text in ("active", "true", "1", "yes"):
            held.append(True)
        elif text in ("not active", "false", "0", "no"):
            held.append(False)
        elif text.startswith("0x"):
            held.append(bool(int(text, 16) & HELD_DOWN))
        else:
            row = int(np.argmax(codes == list(known).index(word)))
            raise Fault(
                f"{cells.path}, line {cells.line(row)}: {theirs} is {word!r}: expected Active, Not Active or a mask "
                "such as 0x0000000000000004."
            )
    taken = pd.array([*held, pd.NA], dtype="boolean")
    return pd.Series(taken[codes])
