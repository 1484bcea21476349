"""Refuses results from which nothing can be recommended: damaged, written by hand, or of an older version."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.compression.rises import PREFIXES
from wattshed.foundation.faults import Fault
from wattshed.foundation.frames import read_frame

TEXTS = ("model", "lineage")
# Energies, sizes and times; an unknown one is empty.
AMOUNTS = ("total_j", "energy_j_per_1000_forecasts", "bytes", "latency_s_per_window")
CHECKPOINT_COLUMNS = (*TEXTS, "seed", "control", "unavailable", *AMOUNTS)
ERRORS = tuple(f"{prefix}{name}" for prefix in PREFIXES.values() for name in ("rmse", "mae"))
R2 = tuple(f"{prefix}r2" for prefix in PREFIXES.values())
LATENCY_BOUNDS = ("latency_low", "latency_high")
DAY_COLUMNS = ("lineage", "seed", "part", "day", "squared", "absolute", "cells")
AGAIN = "delete it and run snakemake again."


def read_compared(paths: Sequence[Path], columns: Sequence[str]) -> pd.DataFrame:
    """Parquet files of compared checkpoints, concatenated.

    Raises :class:`Fault` for one that lacks a column: deleting it would not help, because it is made of older
    comparisons that lack the column too.
    """
    frames = [read_frame(path) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise Fault(
                f"{path} has no column {missing[0]!r}: it is of an earlier version; run snakemake again with "
                "--forcerun compare_checkpoints."
            )
    return pd.concat(frames, ignore_index=True)


def check_checkpoints(frame: pd.DataFrame, place: Path) -> None:
    """Raise :class:`Fault` unless each row of ``checkpoints.parquet`` is one checkpoint with plausible numbers."""
    if frame.empty:
        raise Fault(f"{place} has no rows: expected compared checkpoints; {AGAIN}")
    for name in TEXTS:
        _check_texts(frame, name, place)
    _check_seeds(frame, place)
    if not pd.api.types.is_bool_dtype(frame["control"].dtype) or frame["control"].isna().any():
        raise Fault(f"{place} has a column 'control' that is not true or false in every row: {AGAIN}")
    _check_numbers(frame, [*AMOUNTS, *ERRORS, *LATENCY_BOUNDS], place, least=0.0)
    _check_numbers(frame, R2, place)
    _refuse_twice(frame, ["lineage", "seed"], place)


def check_days(frame: pd.DataFrame, places: Sequence[Path]) -> None:
    """The same for the rows of all ``compared/*.days.parquet``."""
    where = places[0].parent / "*.days.parquet"
    for name in ("lineage", "part", "day"):
        if frame[name].isna().any():
            raise Fault(f"{where} has rows without {name}: expected one in every row; {AGAIN}")
    _check_seeds(frame, where)
    sums = ["squared", "absolute", "cells"]
    _check_numbers(frame, sums, where, least=0.0)
    if frame[sums].isna().any(axis=None):
        raise Fault(f"{where} has rows without sums of errors: expected squared, absolute and cells; {AGAIN}")
    _refuse_twice(frame, ["lineage", "seed", "part", "day"], where)


def block_of(config: Mapping[str, Any], key: str, place: Path) -> dict[str, Any]:
    """A block of ``config.yaml``; empty where the study has none."""
    block = config.get(key)
    if block is None:
        return {}
    if not isinstance(block, dict):
        raise Fault(
            f"{place}: {key} is {block!r}: expected a block of keys; correct it, or run snakemake again."
        )
    return block


def number_of(
    block: Mapping[str, Any], key: str, place: Path, expected: str, *, above: float, below: float
) -> float | None:
    """A number of the block ``compression`` within its bounds; None where the key is absent or empty."""
    value = block.get(key)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared before it is converted: a whole number can be too large for a float.
    if not (is_number and above < value < below):
        raise Fault(
            f"{place}: compression.{key} is {value!r}: expected {expected}; correct it, or run snakemake again."
        )
    return float(value)


def _check_texts(frame: pd.DataFrame, name: str, place: Path) -> None:
    wrong = [value for value in frame[name] if not isinstance(value, str) or not value]
    if wrong:
        raise Fault(f"{place} has {wrong[0]!r} as a {name}: expected a name in every row; {AGAIN}")


def _check_seeds(frame: pd.DataFrame, place: Path) -> None:
    seeds = frame["seed"]
    if seeds.isna().any() or not pd.api.types.is_numeric_dtype(seeds.dtype) or (seeds % 1 != 0).any():
        raise Fault(f"{place} has a column 'seed' that is not a whole number in every row: {AGAIN}")


def _check_numbers(
    frame: pd.DataFrame, names: Collection[str], place: Path, least: float = -math.inf
) -> None:
    """Columns of finite numbers from ``least`` on, where they exist and are known."""
    for name in names:
        if name not in frame or frame[name].isna().all():
            continue
        dtype = frame[name].dtype
        if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
            raise Fault(f"{place} has texts in the column {name!r}: expected numbers; {AGAIN}")
        known = frame[name].dropna().astype("float64")
        wrong = known[(known < least) | ~(known.abs() < math.inf)]
        if not wrong.empty:
            bounds = "finite numbers" if least == -math.inf else f"finite numbers of {least:g} or more"
            raise Fault(f"{place} has {wrong.iloc[0]:g} in the column {name!r}: expected {bounds}; {AGAIN}")


def _refuse_twice(frame: pd.DataFrame, names: list[str], place: Path) -> None:
    twice = frame[frame.duplicated(names)]
    if not twice.empty:
        row = ", ".join(f"{name} {twice[name].iloc[0]}" for name in names)
        raise Fault(f"{place} has two rows of {row}: expected each once; {AGAIN}")
