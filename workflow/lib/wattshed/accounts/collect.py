"""Everything that was measured below a folder: ledgers and foreign CSVs, each file parsed once."""

import multiprocessing
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.progress import Progress

from wattshed.accounts.foreign import NotCodeCarbon, foreign_rows
from wattshed.accounts.frame_types import to_frame, typed_table
from wattshed.accounts.ledgers import read_ledger
from wattshed.accounts.run_marks import mark_runs
from wattshed.accounts.runs import run_row, window_rows
from wattshed.foundation.faults import Fault

LEDGERS = (".jsonl", ".jsonl.part")
PROCESSES = 2
# Below this a second process takes longer to start than it saves.
PARALLEL_FROM = 3000
CHUNK = 500


@dataclass(frozen=True)
class Collected:
    """runs, windows: frames; windows is empty where none closed. problems: sentences on what could not be used.

    ignored: CSV files without CodeCarbon's columns.
    """

    runs: pd.DataFrame
    windows: pd.DataFrame
    problems: list[str]
    ignored: int


@dataclass(frozen=True)
class _Chunk:
    runs: pa.Table
    windows: pa.Table
    problems: list[str]
    ignored: int


def collect(folder: Path | str, *, windows: bool = True) -> Collected:
    """All runs below ``folder``, marked with overlaps, shares and flags.

    Raises :class:`Fault` where the folder does not exist or holds nothing that was measured. A single damaged
    ledger or CSV row is a problem that is told, not the end of the account.
    """
    root = Path(folder)
    if not root.is_dir():
        raise Fault(
            f"{root} is no folder: expected one with ledgers (*.jsonl) or CodeCarbon's CSVs; name it."
        )
    files = sorted(_files(root))
    chunks = list(_read_all([files[at : at + CHUNK] for at in range(0, len(files), CHUNK)], root, windows))
    problems = [sentence for chunk in chunks for sentence in chunk.problems]
    runs = [chunk.runs for chunk in chunks if chunk.runs.num_rows]
    if not runs:
        why = problems[0] if problems else "it holds neither"
        raise Fault(f"{root} holds no run: expected ledgers (*.jsonl) or CodeCarbon's CSVs below it; {why}")
    closed = [chunk.windows for chunk in chunks if chunk.windows.num_rows]
    return Collected(
        mark_runs(to_frame(runs)),
        to_frame(closed) if closed else pd.DataFrame(),
        problems,
        sum(chunk.ignored for chunk in chunks),
    )


def _files(root: Path) -> Iterator[Path]:
    for place in root.rglob("*"):
        if place.name.endswith((*LEDGERS, ".csv")) and place.is_file():
            yield place


def _read_all(chunks: list[list[Path]], root: Path, windows: bool) -> Iterable[_Chunk]:
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


def _read_chunk(paths: list[Path], root: Path, windows: bool) -> _Chunk:
    runs, closed, problems, ignored = [], [], [], 0
    for path in paths:
        if path.suffix == ".csv":
            try:
                rows, wrong = foreign_rows(path, root)
            except NotCodeCarbon:
                ignored += 1
                continue
            runs += rows
            problems += wrong
            continue
        try:
            ledger = read_ledger(path)
            runs.append(run_row(ledger))
            if windows:
                closed += window_rows(ledger)
        except Fault as fault:
            problems.append(str(fault))
        except (KeyError, TypeError, AttributeError) as error:
            problems.append(f"{path} lacks what every ledger has ({error!r}): it is left out; was it edited?")
    return _Chunk(typed_table(runs), typed_table(closed), problems, ignored)
