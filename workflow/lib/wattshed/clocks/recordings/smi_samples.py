"""The samples of a log of nvidia-smi."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.delimited import Delimited, read_delimited
from wattshed.clocks.recordings.matching import match_columns, need
from wattshed.clocks.recordings.nvidia_smi import STAMP
from wattshed.clocks.recordings.opening import head_of, read_text
from wattshed.clocks.recordings.quantities import numbers_of, words_of
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.samples import as_samples, check_samples
from wattshed.clocks.recordings.stamps import are_numbers, epoch_seconds
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault

# An instant reading is preferred: power.draw is a mean of about the last second since Ampere.
ALIASES = {
    "time_s": ("timestamp",),
    "gpu_index": ("index",),
    "gpu_uuid": ("uuid", "gpu_uuid"),
    "gpu": ("name", "gpu_name"),
    "workload": (),
    "power_w": ("power.draw.instant", "power.draw", "power.draw.average"),
    "power_limit_w": ("enforced.power.limit", "power.limit"),
    "energy_counter_j": (),
    "temperature_c": ("temperature.gpu",),
    "gpu_busy_share": ("utilization.gpu",),
    "memory_busy_share": ("utilization.memory",),
    "sm_clock_mhz": ("clocks.sm", "clocks.current.sm", "clocks.gr", "clocks.current.graphics"),
    "memory_clock_mhz": ("clocks.mem", "clocks.current.memory"),
    "throttled": (
        *(
            "clocks_event_reasons.active",
            "clocks_throttle_reasons.active",
            "clocks_throttle_reasons.sw_power_cap",
        ),
        "clocks_event_reasons.sw_power_cap",
    ),
}
PERCENT = {"gpu_busy_share": "percent", "memory_busy_share": "percent"}
# Seconds over which power.draw is averaged.
AVERAGED_S = 1.0
# Power cap, hardware slowdown, heat (software, hardware) and power brake in the mask of reasons.
HELD_DOWN = 0x04 | 0x08 | 0x20 | 0x40 | 0x80
# The query of a widespread set of profiling scripts; its logs have no header.
USUAL_HEADER = [
    *("timestamp", "index", "name", "power.draw", "power.limit", "temperature.gpu", "utilization.gpu"),
    *(
        "utilization.memory",
        "memory.total",
        "memory.free",
        "memory.used",
        "clocks.sm",
        "clocks.mem",
        "clocks.gr",
    ),
    *("clocks.applications.graphics", "clocks.applications.memory", "pstate"),
]


def read_smi(path: Path, block: RecordingBlock, note: Note) -> pd.DataFrame:
    """Samples of all GPUs in the log. Raises :class:`Fault`."""
    content = read_text(path)
    names = _names_without_header(path, head_of(content), block)
    header = names or _plain_header(head_of(content))
    found = match_columns(path, header, ALIASES, block)
    need(path, found, ("power_w",) if "energy_counter_j" not in found else (), header)
    thing = found.get("gpu")
    cells = read_delimited(
        path, content, names=names, wanted=set(found.values()), named_things=thing, log=note
    )
    columns: dict[str, object] = {
        ours: numbers_of(cells, theirs, ours, block, PERCENT.get(ours))
        for ours, theirs in found.items()
        if ours not in ("time_s", "gpu", "gpu_uuid", "gpu_index", "workload", "throttled")
    }
    columns |= {
        ours: words_of(cells, found[ours]) for ours in ("gpu", "gpu_uuid", "workload") if ours in found
    }
    if "gpu_index" in found:
        columns["gpu_index"] = _indices(cells, found["gpu_index"])
    if "throttled" in found:
        columns["throttled"] = _throttled(cells, found["throttled"])
    begins_at_s = None
    if "time_s" in found:
        texts = cells.texts(found["time_s"])
        if are_numbers(texts):
            times = numbers_of(cells, found["time_s"], "time_s", block)
            begins_at_s, columns["time_s"] = float(times[0]), times - times[0]
        else:
            columns["time_s"], begins_at_s = epoch_seconds(texts, block.time_zone, str(path))
    samples = as_samples(columns, cells.table.num_rows)
    samples.attrs = {
        "begins_at_s": begins_at_s,
        "averaged_s": 0.0 if "instant" in found.get("power_w", "") else AVERAGED_S,
    }
    check_samples(path, samples)
    return samples


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
    numbers = pd.to_numeric(words, errors="coerce")
    if numbers.isna().any():
        row = int(np.argmax(numbers.isna()))
        raise Fault(
            f"{cells.path}, line {cells.line(row)}: the GPU's index is {words[row]!r}: expected a number."
        )
    return numbers.astype("Int64")


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
