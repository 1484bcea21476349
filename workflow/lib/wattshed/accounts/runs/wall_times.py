"""Where a study's wall time went: what its meter saw, and what it did not."""

import csv
import math
from pathlib import Path

import pandas as pd

from wattshed.foundation.vocabulary import Stage

# Rules whose jobs meter themselves, by the stage of their ledgers.
METERED_RULES: dict[str, Stage] = {
    "calibrate_device": Stage.CALIBRATION,
    "sweep_law": Stage.CALIBRATION,
    "train_model": Stage.TRAINING,
    "fit_baselines": Stage.TRAINING,
    "forecast_test": Stage.INFERENCE,
    "adapt_model": Stage.ADAPTATION,
    "compress_model": Stage.COMPRESSION,
    "compare_checkpoints": Stage.COMPARISON,
    "measure_memory": Stage.MEMORY,
    "sweep_clocks": Stage.CLOCKS,
}
# The others: folders of Snakemake's benchmark files, and what their jobs do.
UNMETERED = {"data": "data", "accounts": "accounts", "publish": "publishing"}
JUDGING = "scores and verdicts"
ALL = "all jobs"


def wall_times(folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per stage and kind of unmetered job, and a last one of all: ``part, jobs, wall_s, cpu_s, metered_s``.

    folder: Snakemake's benchmark files of the study, one per finished job (``s`` and ``cpu_time``, in seconds); runs:
    of the accounts. ``wall_s`` and ``cpu_s`` are of whole jobs, start-up included; ``metered_s`` is 0 for jobs
    without a meter. No rows without a benchmark file. Superseded runs are left out: the files are of the latest jobs.
    """
    rows = [
        {"part": _part(path.relative_to(folder)), **seconds}
        for path in sorted(folder.rglob("*.tsv"))
        if (seconds := _seconds(path)) is not None
    ]
    if not rows:
        return pd.DataFrame(columns=["part", "jobs", "wall_s", "cpu_s", "metered_s"])
    jobs = pd.DataFrame(rows)
    frame = jobs.groupby("part", sort=False).agg(
        jobs=("wall_s", "size"), wall_s=("wall_s", "sum"), cpu_s=("cpu_s", "sum")
    )
    metered = runs.groupby("stage")["duration_s"].sum()
    frame["metered_s"] = [float(metered.get(part, 0.0)) for part in frame.index]
    order = [part for part in (*Stage, "data", JUDGING, "accounts", "publishing") if part in frame.index]
    frame = frame.loc[order]
    frame.loc[ALL] = frame.sum()
    return frame.rename_axis("part").reset_index().astype({"jobs": "int64"})


def _part(place: Path) -> str:
    """The stage of a metered rule, else the kind of an unmetered one."""
    folder, rule = place.parts[0], Path(place.parts[1]).stem
    return str(METERED_RULES.get(rule, UNMETERED.get(folder, JUDGING)))


def _seconds(path: Path) -> dict[str, float] | None:
    """Wall and processor seconds of one job, 0 where Snakemake could not take them; None while it writes the file."""
    text = path.read_text(encoding="utf-8")
    row = next(csv.DictReader(text.splitlines(), delimiter="\t"), None)
    if row is None or not text.endswith("\n"):
        return None
    return {"wall_s": _number(row.get("s")), "cpu_s": _number(row.get("cpu_time"))}


def _number(text: str | None) -> float:
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
