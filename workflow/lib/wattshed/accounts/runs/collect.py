"""All ledgers and CodeCarbon CSVs below a folder, each file read once."""

import gc
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.progress import Progress

from wattshed.accounts.marks.run_marks import mark_runs
from wattshed.accounts.reading.foreign import CODECARBON, NotCodeCarbon, foreign_rows
from wattshed.accounts.reading.frame_types import to_frame, typed_table
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.runs import ledger_rows
from wattshed.accounts.runs.superseded import each_job_once, superseded_row, without_second_names
from wattshed.energy.ledger.records import is_ledger, is_record
from wattshed.foundation.faults import Fault

PROCESSES = 2
# Below this number, starting a second process takes longer than it saves.
PARALLEL_FROM = 3000
CHUNK = 500

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Collected:
    """runs, windows: frames; windows is empty if none closed. problems: sentences on what could not be used.

    ignored: CSV files without CodeCarbon's columns.
    """

    runs: pd.DataFrame
    windows: pd.DataFrame
    problems: list[str]
    ignored: int


@dataclass(frozen=True)
class _Chunk:
    """closed: how many of the windows each run has."""

    runs: pa.Table
    windows: pa.Table
    closed: list[int]
    problems: list[str]
    ignored: int


def collect(folder: Path | str, *, windows: bool = True) -> Collected:
    """All runs below ``folder``, marked with overlaps, shares and flags; each once, whatever names and copies it has.

    Records whose ledger is gone are runs of the stage ``superseded`` without windows.
    Raises :class:`Fault` if the folder does not exist or holds no ledger and no CodeCarbon CSV. A damaged ledger or
    CSV row is reported in ``problems`` and left out.
    """
    root = Path(folder)
    if not root.is_dir():
        raise Fault(
            f"{root} is not a folder: expected one with ledgers (*.jsonl) or CodeCarbon's CSVs; name it."
        )
    files = without_second_names(sorted(_files(root)))
    chunks = list(_read_all([files[at : at + CHUNK] for at in range(0, len(files), CHUNK)], root, windows))
    problems = [sentence for chunk in chunks for sentence in chunk.problems]
    ignored = sum(chunk.ignored for chunk in chunks)
    read = [chunk.runs for chunk in chunks if chunk.runs.num_rows]
    closed = [chunk.windows for chunk in chunks if chunk.windows.num_rows]
    counts = [count for chunk in chunks for count in chunk.closed]
    del chunks
    if not read:
        why = problems[0] if problems else "it holds neither"
        raise Fault(f"{root} holds no run: expected ledgers (*.jsonl) or CodeCarbon's CSVs below it; {why}")
    runs = to_frame(read)
    kept, ledger_copies = each_job_once(runs)
    window_rows = to_frame(closed) if closed else pd.DataFrame()
    if not kept.all():
        runs = runs[kept].reset_index(drop=True)
        window_rows = window_rows[np.repeat(kept, counts)].reset_index(drop=True)
    runs, copies = _each_once(runs)
    return Collected(
        mark_runs(runs),
        add_alone(window_rows) if len(window_rows) else window_rows,
        problems + ledger_copies + copies,
        ignored,
    )


def _each_once(runs: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Foreign runs by their ``run_id``, which is unique: of several copies the longest run counts."""
    foreign = runs[runs["origin"] == CODECARBON]
    again = foreign[foreign["run_id"].duplicated(keep=False)].sort_values(
        "duration_s", ascending=False, kind="stable"
    )
    copies = again[again["run_id"].duplicated()]
    kept = again.drop_duplicates("run_id").set_index("run_id")["path"]
    reported = [
        f"{path} holds run {run_id} again, which {kept[run_id]} holds too: it is counted once."
        for path, run_id in zip(copies["path"], copies["run_id"], strict=True)
    ]
    return (runs.drop(index=copies.index).reset_index(drop=True) if reported else runs), reported


def _files(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        for name in names:
            if is_ledger(name) or name.endswith(".csv"):
                yield os.path.join(folder, name)


def _read_all(chunks: list[list[str]], root: Path, windows: bool) -> Iterable[_Chunk]:
    work = partial(_read_chunk, root=root, windows=windows)
    total = sum(map(len, chunks))
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("Reading runs", total=total)
        if total < PARALLEL_FROM:
            for chunk in chunks:
                yield work(chunk)
                progress.advance(task, len(chunk))
            return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
            for chunk, found in zip(chunks, pool.map(work, chunks), strict=True):
                yield found
                progress.advance(task, len(chunk))


def _read_chunk(paths: Sequence[str], root: Path, windows: bool) -> _Chunk:
    # A chunk makes large trees without cycles, which the garbage collector would search again and again.
    collected = gc.isenabled()
    gc.disable()
    try:
        return _read_files(paths, root, windows)
    finally:
        if collected:
            gc.enable()


def _read_files(paths: Sequence[str], root: Path, windows: bool) -> _Chunk:
    found: list[tuple[Rows, Rows]] = []
    problems: list[str] = []
    ignored = 0
    for path in paths:
        try:
            if path.endswith(".csv"):
                rows, wrong = foreign_rows(Path(path), root)
                found.append((rows, []))
                problems += wrong
            elif is_record(path):
                found.append(([superseded_row(path)], []))
            else:
                run, closed = ledger_rows(path, windows=windows)
                found.append(([run], closed))
        except NotCodeCarbon:
            ignored += 1
        except Fault as fault:
            problems.append(str(fault))
    try:
        return _Chunk(*_tables(found), problems, ignored)
    except Fault:
        sound, wrong = _sound(found)
        return _Chunk(*_tables(sound), problems + wrong, ignored)


def _tables(found: list[tuple[Rows, Rows]]) -> tuple[pa.Table, pa.Table, list[int]]:
    runs = [row for rows, _ in found for row in rows]
    # Only ledgers have windows, and each has one run.
    counts = [len(closed) for rows, closed in found for _ in rows]
    return typed_table(runs), typed_table([row for _, closed in found for row in closed]), counts


def _sound(found: list[tuple[Rows, Rows]]) -> tuple[list[tuple[Rows, Rows]], list[str]]:
    """The files whose values have their columns' types, and sentences on the others."""
    sound, problems = [], []
    for part in found:
        try:
            _tables([part])
        except Fault as fault:
            problems.append(str(fault))
        else:
            sound.append(part)
    return sound, problems
