"""What makes runs comparable: one stage, one slice, their own energy, and estimates apart from records."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.marks.lower_bounds import NOT_METERED
from wattshed.accounts.runs.basis import LEDGER, RECORDED, RETRO
from wattshed.accounts.runs.trainings import trainings
from wattshed.energy.reading import worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.summaries import column_interval

SLICES = ("data_country", "season")
# A killed run's energy is a lower bound; with another grid's factor, masses compare grids instead of models.
NOT_COMPARABLE = {"energy_kwh": ("truncated",), "co2e_kg": ("truncated", "changed grid")}
# Runs that lack a part of the machine compare with one another, and not with runs that have it.
ALIKE_OR_NOT_COMPARABLE = NOT_METERED


def slice_columns(frame: pd.DataFrame) -> list[str]:
    """Those of ``data_country`` and ``season`` that the frame states at least once."""
    return [name for name in SLICES if name in frame and frame[name].notna().any()]


def scope_name(values: Sequence[Any]) -> str:
    """The name of a slice, such as ``DE summer``; unknown parts are named ``unknown``."""
    return " ".join("unknown" if pd.isna(value) else str(value) for value in values) or "all"


def scope_series(frame: pd.DataFrame, slices: Sequence[str]) -> pd.Series:
    """The slice's name per row; ``all`` if there are no slices."""
    names = [scope_name(values) for values in frame[list(slices)].itertuples(index=False, name=None)]
    return pd.Series(names if slices else "all", index=frame.index, dtype="object")


def model_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with columns that every comparison needs: energy, mass, status, basis, flags.

    ``energy_kwh`` is the job's own share (``attributed_kwh``) where jobs overlapped. A run that is flagged so that
    its energy or mass cannot be compared (killed, or without a part that other runs have) has none here and
    ``flags`` says why; ``basis`` is ``recorded`` or ``retro-estimate``. Raises :class:`Fault` for runs of several
    stages, which are not repeats of one another, and for missing columns.
    """
    lacking = [name for name in ("model", "energy_kwh", "energy_status") if name not in runs]
    if lacking:
        raise Fault(
            f"the runs lack the column {lacking[0]}: expected the runs frame of the accounts; aggregate the "
            "ledgers again."
        )
    stages = sorted(runs["stage"].dropna().unique()) if "stage" in runs else []
    if len(stages) > 1:
        raise Fault(
            f"the runs are of the stages {', '.join(stages)}, which are not repeats of one another: "
            "expected one "
            "stage; select it, or take the models' costs from training_costs()."
        )
    frame = runs.reset_index(drop=True)
    frame["energy_kwh"] = own_energy(frame)
    frame["co2e_kg"] = frame["co2e_kg"].astype("float64") if "co2e_kg" in frame else np.nan
    frame["flags"] = frame["flags"].astype("string") if "flags" in frame else pd.NA
    origin = frame["origin"] if "origin" in frame else pd.Series(RECORDED, index=frame.index)
    retro = (origin == RETRO) | (frame["energy_status"] == Status.RETRO_ESTIMATED)
    frame["basis"] = np.where(retro.fillna(False), RETRO, RECORDED)
    for column, flags in NOT_COMPARABLE.items():
        frame.loc[flagged(frame, flags), column] = np.nan
    known = frame["energy_kwh"].notna()
    for flag in ALIKE_OR_NOT_COMPARABLE:
        with_flag = flagged(frame, [flag])
        if (known & ~with_flag).any():
            frame.loc[with_flag, list(NOT_COMPARABLE)] = np.nan
    return frame


def own_energy(runs: pd.DataFrame) -> pd.Series:
    """Each job's own share of its host's energy [kWh]; all of it where the job was alone.

    Unknown if jobs overlapped and their shares could not be computed.
    """
    energy = runs["energy_kwh"].astype("float64")
    if "attributed_kwh" not in runs:
        return energy
    share = runs["attributed_kwh"].astype("float64")
    if "overlaps" in runs:
        energy = energy.where(runs["overlaps"].isna())
    return share.fillna(energy)


def flagged(frame: pd.DataFrame, flags: Sequence[str]) -> pd.Series:
    """Whether each run has any of the flags (comma-separated in column ``flags``)."""
    wanted = set(flags)
    found = [not pd.isna(text) and not wanted.isdisjoint(split_flags(text)) for text in frame["flags"]]
    return pd.Series(found, index=frame.index, dtype=bool)


def split_flags(text: str) -> list[str]:
    return [flag for part in str(text).split(",") if (flag := part.strip())]


def all_flags(column: pd.Series) -> str | None:
    """The flags of all rows, each once; None if there is none."""
    found = dict.fromkeys(flag for text in column.dropna() for flag in split_flags(text))
    return ", ".join(found) or None


def summarise_by(frame: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """One row per group with ``{column}_n, _mean, _low, _high`` (95 %); unknown values are not counted.

    Groups keep the order in which they first appear; infinite values count as unknown. Means are those of
    :func:`column_interval`.
    """
    rows = []
    for values, group in frame.groupby(list(keys), sort=False, dropna=False):
        row = dict(zip(keys, values, strict=True))
        for column in columns:
            found = column_interval(
                column, group[column].astype("float64").replace([np.inf, -np.inf], np.nan)
            )
            row |= {f"{column}_n": found.n, f"{column}_mean": found.mean}
            row |= {f"{column}_low": found.low, f"{column}_high": found.high}
        rows.append(row)
    parts = [f"{column}_{part}" for column in columns for part in ("n", "mean", "low", "high")]
    types = {name: "int64" if name.endswith("_n") else "float64" for name in parts}
    return pd.DataFrame(rows, columns=[*keys, *parts]).astype(types)


def status_of(group: pd.DataFrame) -> str:
    """How a mean over runs is known: ``retro-estimated`` if any is, else the worst of the known ones.

    ``no fit`` where there was nothing to fit.
    """
    known = group[group["energy_kwh"].notna()]
    if known.empty and (group["energy_status"] == Status.NO_FIT).any():
        return Status.NO_FIT
    if (known["basis"] == RETRO).any():
        return Status.RETRO_ESTIMATED
    return worst_status(known["energy_status"])


def training_costs(windows: pd.DataFrame, runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """A study's own trainings as runs: one row per model and seed.

    Energy is that of :func:`trainings`. With the runs frame it is the job's own share where jobs overlapped, mass
    follows the job's kg per kWh, and the job's flags are kept.
    """
    labels = [name for name in SLICES if name in windows]
    frame = trainings(windows, ["stage", "job", "model", "seed", *labels])
    frame = frame.rename(columns={"training_kwh": "energy_kwh"})
    frame["origin"] = LEDGER
    if runs is None or frame.empty:
        return frame
    jobs = runs.drop_duplicates(["stage", "job"])
    energy = jobs["energy_kwh"].astype("float64").where(lambda kwh: kwh > 0)
    kept = jobs[["stage", "job"]].assign(
        share=(own_energy(jobs) / energy).where(energy.notna(), 1.0),
        kg_per_kwh=jobs["co2e_kg"] / energy if "co2e_kg" in jobs else np.nan,
    )
    if "flags" in jobs:
        kept["flags"] = jobs["flags"]
    frame = frame.merge(kept, on=["stage", "job"], how="left")
    frame["co2e_kg"] = frame["energy_kwh"] * frame["kg_per_kwh"]
    frame["energy_kwh"] *= frame["share"]
    return frame.drop(columns=["share", "kg_per_kwh"])
