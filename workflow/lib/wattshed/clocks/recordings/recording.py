"""Reads any recording as runs: finds its layout, cuts power logs at their marks, and checks what comes out."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.cutting import cut_into_runs
from wattshed.clocks.recordings.folder import profiles_in, read_folder
from wattshed.clocks.recordings.marks import read_marks
from wattshed.clocks.recordings.opening import read_head
from wattshed.clocks.recordings.reader import Reader
from wattshed.clocks.recordings.run_frame import as_runs
from wattshed.clocks.recordings.samples import as_samples, gpu_rows
from wattshed.clocks.recordings.table_runs import PARQUET
from wattshed.config.clocks.recording import AUTO, RecordingBlock
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault


class NotKnown(Fault):
    """No reader takes a file for its own."""


@dataclass(frozen=True)
class Recording:
    """runs: columns of ``clocks.runs.COLUMNS``; notes: sentences on what was left out or is doubtful; samples: the
    whole power log (``samples.COLUMNS``), without rows where the recording is a table of runs or a folder."""

    runs: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    samples: pd.DataFrame = field(default_factory=lambda: as_samples({}, 0))


def read_recording(block: RecordingBlock) -> pd.DataFrame:
    """The runs of a recording; see :func:`read`."""
    return read(block).runs


def read(block: RecordingBlock) -> Recording:
    """The runs of a recording, of all its GPUs and workloads unless the block names one.

    Raises :class:`Fault` for a file that no reader or more than one takes for its own, and for what cannot be used.
    """
    path = Path(block.path)
    notes: list[str] = []

    def note(sentence: str) -> None:
        if sentence not in notes:
            notes.append(sentence)

    if path.is_dir():
        reader = _reader(profiles_in(path)[0][0], block)
        if reader.gives != "samples":
            raise Fault(
                f"{path} is a folder of tables: expected power logs of single runs; give one table's path."
            )
        return Recording(as_runs(path, read_folder(path, block, reader, note), block), notes)
    reader = _reader(path, block)
    found = reader.read(path, block, note)
    if reader.gives == "runs":
        _refuse_keys_of_logs(block, found)
        return Recording(as_runs(path, found, block), notes)
    if block.marks is None:
        raise Fault(
            f"{path} is a power log: expected a file that says when its runs began and ended; name it by the key marks."
        )
    samples, stated = _with_times(path, _wanted(path, found, block), block)
    samples.attrs["zone_given"] = block.time_zone is not None
    marks = read_marks(Path(block.marks), block, note)
    return Recording(as_runs(path, cut_into_runs(path, samples, marks, stated, note), block), notes, samples)


def read_samples(path: Path | str, block: RecordingBlock) -> pd.DataFrame:
    """The samples of a power log, with the columns of ``samples.COLUMNS``.

    ``attrs["begins_at_s"]`` is the first sample's time in seconds since 1970 UTC, None if the log has no time stamps;
    times that follow from ``block.period_s`` are filled in. Raises :class:`Fault`, also for a table of runs.
    """
    path = Path(path)
    reader = _reader(path, block)
    if reader.gives != "samples":
        raise Fault(
            f"{path} is a table of runs: expected a power log, such as one of nvidia-smi or dcgmi dmon."
        )
    samples = _wanted(path, reader.read(path, block, lambda _: None), block)
    if samples["time_s"].isna().any() and block.period_s is None:
        return samples
    return _with_times(path, samples, block)[0]


def _reader(path: Path, block: RecordingBlock) -> Reader:
    if block.reader != AUTO:
        reader: Reader = plugins.load("recording", block.reader)
        return reader
    if _is_parquet(path):
        table: Reader = plugins.load("recording", "table")
        return table
    head = read_head(path)
    fitting = [name for name in plugins.names("recording") if plugins.load("recording", name).fits(head)]
    if len(fitting) == 1:
        found: Reader = plugins.load("recording", fitting[0])
        return found
    names = plugins.names("recording")
    if fitting:
        raise Fault(f"{path} fits the readers {' and '.join(fitting)}: name one of them by the key reader.")
    if head.lstrip()[:1] in ("{", "["):
        raise NotKnown(
            f"{path} looks like JSON: expected a CSV, a log or Parquet; convert it to a table of runs."
        )
    first = next(line for line in head.splitlines() if line.strip())[:120]
    raise NotKnown(
        f"{path} fits none of the readers {', '.join(names)}; it begins with {first!r}: name the reader "
        "by the key reader, "
        "and the file's columns by the key columns."
    )


def _is_parquet(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == PARQUET


def _refuse_keys_of_logs(block: RecordingBlock, found: pd.DataFrame) -> None:
    for key in ("marks", "period_s"):
        if getattr(block, key) is not None:
            raise Fault(f"{block.path} is a table of runs, which needs no {key}: remove the key {key}.")
    if block.gpu_index is not None and ("gpu_index" not in found or found["gpu_index"].isna().all()):
        raise Fault(
            f"{block.path} is a table of runs, which does not number its GPUs: remove the key gpu_index, and name one "
            "by the key gpu."
        )


def _wanted(path: Path, samples: pd.DataFrame, block: RecordingBlock) -> pd.DataFrame:
    """The samples of ``block.gpu`` and ``block.gpu_index``, where the log names them."""
    keep = np.ones(len(samples), dtype=bool)
    known: list[str] = []
    for names, wanted in ((("gpu", "gpu_uuid"), block.gpu), (("gpu_index",), block.gpu_index)):
        there = [samples[name] for name in names if samples[name].notna().any()]
        if wanted is None or not there:
            continue
        same = np.zeros(len(samples), dtype=bool)
        for column in there:
            same |= (column == wanted).fillna(False).to_numpy(bool)
            known += [str(value) for value in column.dropna().unique()]
        if not same.any() and names[0] == "gpu" and samples["gpu"].isna().all():
            continue  # the log does not name its GPUs: the block does
        keep &= same
    if keep.all():
        return samples
    if not keep.any():
        raise Fault(
            f"{path} has no sample of the GPU that is asked for: it has {', '.join(known)}; correct gpu."
        )
    kept = samples[keep].reset_index(drop=True)
    kept.attrs = samples.attrs
    return kept


def _with_times(path: Path, samples: pd.DataFrame, block: RecordingBlock) -> tuple[pd.DataFrame, bool]:
    """Samples with times, and whether these follow from the stated period."""
    lacking = samples["time_s"].isna()
    if not lacking.any():
        if block.period_s is not None:
            raise Fault(f"{path} has time stamps, which count: remove the key period_s.")
        return samples, False
    if not lacking.all():
        raise Fault(f"{path} lacks the time of {int(lacking.sum())} samples: expected one in each line.")
    if block.period_s is None:
        raise Fault(
            f"{path} has no time stamps: state the time between two samples of a GPU by the key period_s, as "
            "it was told to "
            "the logger; energies are then labelled as stated."
        )
    for rows in gpu_rows(samples):
        samples.loc[rows, "time_s"] = np.arange(len(rows)) * block.period_s
    return samples, True
