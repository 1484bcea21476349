"""All ledgers and CodeCarbon CSVs below a folder, each file read once."""

import gc
import multiprocessing
import os
import sys
from collections.abc import Iterable, Sequence
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

from wattshed.accounts.marks.lower_bounds import not_metered
from wattshed.accounts.marks.run_marks import mark_runs
from wattshed.accounts.reading.files import find_files
from wattshed.accounts.reading.foreign import COPY_KEY, NotCodeCarbon, foreign_rows
from wattshed.accounts.reading.frame_types import to_frame, typed_table
from wattshed.accounts.reading.ledger_heads import NotALedger, check_head
from wattshed.accounts.reading.plausible import first_wrong, impossible_rows, what_is_wrong
from wattshed.accounts.reading.ranks import flag_ranks, once, rank_groups
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.basis import LEDGER
from wattshed.accounts.runs.copies import copied
from wattshed.accounts.runs.runs import ledger_rows, without_apart
from wattshed.accounts.runs.superseded import each_job_once, superseded_row
from wattshed.accounts.tables.names import is_ledger
from wattshed.energy.ledger.records import is_record
from wattshed.foundation.faults import Fault

# Each takes about 130 MiB.
PROCESSES = min(3, max(2, os.cpu_count() or 2))
# Below this number, starting a second process takes longer than it saves.
PARALLEL_FROM = 3000
CHUNK = 500
# A file with more runs than this is turned into tables part by part.
ROWS_AT_ONCE = 5000

# What an event of the wrong shape raises where it is used.
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Collected:
    """runs, windows: frames; windows is empty if none closed. problems: sentences on what could not be used.

    ignored: files with the name of a ledger or table that are neither ledgers nor CodeCarbon's.
    """

    runs: pd.DataFrame
    windows: pd.DataFrame
    problems: list[str]
    ignored: int


@dataclass(frozen=True)
class _Chunk:
    """window_counts: per row of ``runs``, how many rows of ``windows`` are its own; they follow in the same order."""

    runs: pa.Table
    windows: pa.Table
    window_counts: list[int]
    problems: list[str]
    ignored: int


def collect(folder: Path | str, *, windows: bool = True, ranks_once: bool = False) -> Collected:
    """All runs below ``folder``, or in the one file that it names, marked with overlaps, shares and flags.

    Copies of a record count once; records whose ledger is gone are of the stage ``superseded``. ranks_once: of
    CodeCarbon's rows that counted one machine at the same time, one counts; else they are flagged. Raises
    :class:`Fault` if there is nothing at ``folder``, or no ledger and no CodeCarbon CSV in it. A damaged ledger or
    CSV row, or one with impossible numbers, is reported in ``problems`` and left out.
    """
    root = Path(folder)
    found = find_files(root)
    files = found.paths
    chunks = list(_read_all([files[at : at + CHUNK] for at in range(0, len(files), CHUNK)], root, windows))
    problems = found.problems + [sentence for chunk in chunks for sentence in chunk.problems]
    ignored = found.ignored + sum(chunk.ignored for chunk in chunks)
    read = [chunk.runs for chunk in chunks if chunk.runs.num_rows]
    closed = [chunk.windows for chunk in chunks if chunk.windows.num_rows]
    counts = np.array([count for chunk in chunks for count in chunk.window_counts], dtype=np.int64)
    del chunks
    if not read:
        others = f" ({ignored} files with such names are something else)" if ignored else ""
        why = problems[0] if problems else f"it holds neither{others}; name the folder where they are"
        raise Fault(f"{root} holds no run: expected ledgers (*.jsonl) or CodeCarbon's CSVs below it; {why}")
    runs = to_frame(read)
    kept, said = each_job_once(runs)
    copy, more = copied(runs.assign(origin=runs["origin"].where(kept, "")))
    kept &= ~copy
    said += more
    groups = rank_groups(runs.assign(origin=runs["origin"].where(kept, "")))
    if ranks_once:
        again, of_ranks = once(runs, groups)
        kept &= ~again
        said += of_ranks
    try:
        marked = mark_runs(_kept(runs, kept))
    except BROKEN:
        # The events of jobs that overlap are read again, and ticks are read for the first time.
        broken, sentences = _broken_ledgers(runs, kept)
        if not sentences:
            raise
        kept &= ~broken
        said += sentences
        if not kept.any():
            raise Fault(f"{root} holds no run: {sentences[0]}") from None
        marked = mark_runs(_kept(runs, kept))
    if not ranks_once:
        marked = flag_ranks(marked, groups[kept])
    return Collected(marked, _windows(closed, counts, runs, kept), problems + said, ignored)


def _kept(runs: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    """The runs that count; without copying the frame if all do."""
    runs = runs.drop(columns=COPY_KEY, errors="ignore")
    return runs if kept.all() else runs[kept].reset_index(drop=True)


def _broken_ledgers(runs: pd.DataFrame, kept: np.ndarray) -> tuple[np.ndarray, list[str]]:
    broken = np.zeros(len(runs), dtype=bool)
    said = []
    for row in np.flatnonzero(kept & (runs["origin"] == LEDGER).to_numpy(dtype=bool)):
        path = runs["path"].iloc[row]
        if sentence := first_wrong(path):
            broken[row] = True
            said.append(sentence)
    return broken, said


def _windows(
    closed: list[pa.Table], counts: np.ndarray, runs: pd.DataFrame, kept: np.ndarray
) -> pd.DataFrame:
    if not closed:
        return pd.DataFrame()
    frame = to_frame(closed).assign(lacks=not_metered(runs).repeat(counts.tolist()).reset_index(drop=True))
    return without_apart(
        add_alone(frame if kept.all() else frame[np.repeat(kept, counts)].reset_index(drop=True))
    )


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
    folder = str(root if root.is_dir() else root.parent)
    tables = _Tables()
    for path in paths:
        try:
            if is_ledger(path):
                check_head(path)
                run, closed = (
                    (superseded_row(path), []) if is_record(path) else ledger_rows(path, windows=windows)
                )
                # A killed job's energy comes from its ticks, which are in no row.
                if run["truncated"] and (sentence := first_wrong(path)):
                    tables.problems.append(sentence)
                else:
                    tables.add(path, [run], closed)
            else:
                rows: Rows = []
                for row in foreign_rows(path, folder, tables.problems):
                    rows.append(row)
                    if len(rows) >= ROWS_AT_ONCE:
                        tables.add(path, rows, [])
                        rows = []
                tables.add(path, rows, [])
        except (NotCodeCarbon, NotALedger):
            tables.ignored += 1
        except Fault as fault:
            tables.problems.append(what_is_wrong(path, str(fault)) if is_ledger(path) else str(fault))
    return tables.chunk()


@dataclass
class _File:
    path: str
    runs: Rows
    windows: Rows


class _Tables:
    """Rows of many files on their way into tables; files whose values are impossible are left out."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.ignored = 0
        self._waiting: list[_File] = []
        self._rows = 0
        self._done: list[tuple[pa.Table, pa.Table, list[int]]] = []

    def add(self, path: str, runs: Rows, windows: Rows) -> None:
        if not runs:
            return
        self._waiting.append(_File(path, runs, windows))
        self._rows += len(runs)
        if self._rows >= ROWS_AT_ONCE:
            self._turn()

    def chunk(self) -> _Chunk:
        self._turn()
        runs = [table for table, _, _ in self._done if table.num_rows]
        windows = [table for _, table, _ in self._done if table.num_rows]
        counts = [count for _, _, part in self._done for count in part]
        return _Chunk(_joined(runs), _joined(windows), counts, self.problems, self.ignored)

    def _turn(self) -> None:
        files, self._waiting, self._rows = self._waiting, [], 0
        try:
            runs, windows = _tables(files)
        except (Fault, OverflowError):
            files = [file for file in files if self._has_types(file)]
            runs, windows = _tables(files)
        wrong = _of_files([len(file.runs) for file in files], impossible_rows(runs))
        wrong |= _of_files([len(file.windows) for file in files], impossible_rows(windows))
        if wrong.any():
            self.problems += [what_is_wrong(file.path) for file, bad in zip(files, wrong, strict=True) if bad]
            files = [file for file, bad in zip(files, wrong, strict=True) if not bad]
            runs, windows = _tables(files)
        counts = [count for file in files for count in ([len(file.windows)] + [0] * (len(file.runs) - 1))]
        self._done.append((runs, windows, counts))

    def _has_types(self, file: _File) -> bool:
        try:
            _tables([file])
        except (Fault, OverflowError) as error:
            said = str(error) if isinstance(error, Fault) else "it holds a number beyond all bounds."
            # Rows of windows do not know their file.
            named = said if file.path in said else f"{file.path}: {said}"
            self.problems.append(what_is_wrong(file.path, named) if is_ledger(file.path) else named)
            return False
        return True


def _tables(files: list[_File]) -> tuple[pa.Table, pa.Table]:
    runs = typed_table([row for file in files for row in file.runs])
    return runs, typed_table([row for file in files for row in file.windows])


def _joined(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})


def _of_files(counts: list[int], wrong: np.ndarray) -> np.ndarray:
    """bool [files]: whether any of a file's rows, which follow one another, is wrong."""
    if not wrong.any():
        return np.zeros(len(counts), dtype=bool)
    files = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(files[wrong], minlength=len(counts)) > 0
