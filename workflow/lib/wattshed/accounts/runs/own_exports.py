"""Runs that this package wrote as CodeCarbon's CSVs, known again when both lie in one folder."""

import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from wattshed import __version__
from wattshed.accounts.marks.scopes import OWN
from wattshed.accounts.reading.codecarbon_rows import KILLED, OWN_ENERGY
from wattshed.accounts.runs.basis import LEDGER

# Stands in the column codecarbon_version of what is written, so that the energies are not taken for CodeCarbon's.
WRITER = f"wattshed {__version__}"
_SOURCE = "codecarbon wattshed "
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://wattshed.invalid/runs")
_FACTS = ("job", "host", "started_utc", "duration_s")


def writer_text(run: Mapping[str, Any]) -> str:
    """The writer, with what CodeCarbon has no columns for: whose energy it is, and whether the run was killed."""
    killed = run.get("truncated")
    more = [
        *([OWN_ENERGY] if run.get("energy_scope") == OWN else []),
        *([KILLED] if killed is not None and not pd.isna(killed) and bool(killed) else []),
    ]
    return f"{WRITER} ({'; '.join(more)})" if more else WRITER


def run_identity(run: Mapping[str, Any]) -> str:
    """A UUID for a run without one, the same each time: of its job, host, begin and duration."""
    return str(uuid.uuid5(_SPACE, "\n".join(str(run.get(name)) for name in _FACTS)))


def mark_exports(runs: pd.DataFrame, copy: np.ndarray, said: list[str]) -> None:
    """Mark in ``copy`` [runs] the rows whose ledgers are among the runs too, with a sentence on each in ``said``."""
    exported = runs[runs["intensity_source"].str.startswith(_SOURCE).fillna(False).astype(bool)]
    if exported.empty:
        return
    ledgers = runs[runs["origin"] == LEDGER]
    facts = [
        dict(zip(_FACTS, values, strict=True)) for values in ledgers[list(_FACTS)].itertuples(index=False)
    ]
    paths = {run_identity(run): str(path) for run, path in zip(facts, ledgers["path"], strict=True)}
    for row, run_id, path in zip(exported.index, exported["run_id"], exported["path"], strict=True):
        if run_id in paths:
            copy[row] = True
            said.append(f"{path} was written from {paths[run_id]}: it is counted once.")
