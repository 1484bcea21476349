"""One row per checkpoint of a study, with everything that is known of it."""

import math

import pandas as pd

from wattshed.accounts.comparison.chains import making_energy, used_ancestors
from wattshed.accounts.runs.trainings import work_windows
from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import LINEAGE_JOINT, TRAINING_WINDOWS, Status, Window

MAKING = (*TRAINING_WINDOWS, Window.UPDATE, Window.MAKE, Window.FINE_TUNE)


def checkpoints_frame(compared: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``compared/*.parquet``, one per lineage and seed, with what the ledgers say of their making.

    windows: of the accounts. Further columns: ``j_per_epoch``, mean of the epochs of a base model's training, and
    ``j_per_update``, mean of a strategy's updates, both None where there are none; ``own_j``, to make the checkpoint
    out of its parent (a base model: its training); ``total_j``, the sum along its chain from the last checkpoint on
    that was trained from initial weights (``uses_parent`` is false); ``making_status``, the worst status of the
    energies in that sum. All are the jobs' own energies [J], unknown from one unknown window on, and for a checkpoint
    that cannot run here. A step that did nothing costs exactly 0. Raises :class:`Fault` for a checkpoint whose parent
    was not compared.
    """
    made = making_energy(windows)
    keys = [
        (str(lineage), int(seed)) for lineage, seed in zip(compared["lineage"], compared["seed"], strict=True)
    ]
    # Every model was trained: without a window, its energy is unknown. A step without one did nothing.
    nothing = [math.nan if LINEAGE_JOINT not in lineage else 0.0 for lineage, _ in keys]
    here = compared["unavailable"].isna().tolist()
    own = {
        key: float(made.get(key, default)) if can_run else math.nan
        for key, default, can_run in zip(keys, nothing, here, strict=True)
    }
    statuses = _statuses(windows)
    uses_parent = dict(zip(keys, compared["uses_parent"].astype("bool"), strict=True))
    totals, worst = [], []
    for key in keys:
        ancestry = _ancestry(key[0])
        lacking = [name for name in ancestry if (name, key[1]) not in own]
        if lacking:
            raise Fault(
                f"the checkpoint {key[0]} of seed {key[1]} was compared without {lacking[0]}, of which it was made: "
                "expected both in compared/*.parquet; run snakemake again."
            )
        ancestry = used_ancestors(ancestry, [uses_parent[name, key[1]] for name in ancestry])
        totals.append(sum(own[name, key[1]] for name in ancestry))
        found = [statuses[name, key[1]] for name in ancestry if (name, key[1]) in statuses]
        worst.append(worst_status(found) if found else str(Status.MISSING))
    return compared.reset_index(drop=True).assign(
        j_per_epoch=_means(keys, windows, Window.EPOCH),
        j_per_update=_means(keys, windows, Window.UPDATE),
        own_j=[own[key] for key in keys],
        total_j=totals,
        making_status=worst,
    )


def _ancestry(lineage: str) -> list[str]:
    """From the base model to the lineage."""
    parts = lineage.split(LINEAGE_JOINT)
    return [LINEAGE_JOINT.join(parts[: count + 1]) for count in range(len(parts))]


def _by_key(windows: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The windows of those names with ``lineage`` and ``seed``, of a training too."""
    parts = work_windows(windows, names)
    if "lineage" not in parts:
        parts["lineage"] = None
    of_base = parts["window"].isin(TRAINING_WINDOWS)
    parts["lineage"] = parts["lineage"].astype("object").mask(of_base, parts["model"].astype("object"))
    parts["seed"] = parts["seed"].astype("Int64").fillna(0).astype("int64")
    return parts


def _means(keys: list[tuple[str, int]], windows: pd.DataFrame, name: str) -> list[float]:
    """Mean joules of one window of that name, by checkpoint; NaN where there is none or one is unknown."""
    parts = _by_key(windows, (name,))
    joules = (parts["work_kwh"] * JOULES_PER_KWH).groupby([parts["lineage"], parts["seed"]])
    means = joules.agg(lambda energies: energies.mean(skipna=False))
    return [float(means.get(key, math.nan)) for key in keys]


def _statuses(windows: pd.DataFrame) -> dict[tuple[str, int], str]:
    """Worst status of the windows that made a checkpoint out of its parent."""
    parts = _by_key(windows, MAKING)
    if "energy_status" not in parts:
        return {}
    found: dict[tuple[str, int], list[str]] = {}
    for lineage, seed, status in zip(parts["lineage"], parts["seed"], parts["energy_status"], strict=True):
        found.setdefault((str(lineage), int(seed)), []).append(str(status))
    return {key: str(worst_status(statuses)) for key, statuses in found.items()}
