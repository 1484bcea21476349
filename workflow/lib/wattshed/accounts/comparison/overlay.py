"""Loss and energy epoch by epoch: the gain per joule, and the epoch from which gains are small."""

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import slice_columns
from wattshed.accounts.reading.frame_types import VALIDATION_RMSE
from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Window
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import mean_interval

TRAINING = "value_train_loss"
SMALL_GAIN_SHARE = 0.05
GRID_POINTS = 60


def epoch_curves(
    windows: pd.DataFrame, loss: str = VALIDATION_RMSE, energy: str = "energy_kwh"
) -> pd.DataFrame:
    """One row per trained epoch of every run, in the order in which they were run.

    windows: the accounts' windows frame; loss: one of its ``value_...`` columns; energy: ``energy_kwh`` or
    ``net_kwh``. Columns: slices, ``job, model, seed, attempt, epoch, place`` (1.. within the run), ``loss,
    best_loss`` (least so far), ``energy_kwh, cumulative_kwh, gain`` (how far this epoch lowered the best),
    ``gain_per_j, energy_status``. Epochs that a resumed job ran twice count twice. Gaps between epochs are not in
    the sum. The sum is unknown from an epoch of unknown energy on. Raises :class:`Fault` for unknown columns.
    """
    for name in (loss, energy):
        if name not in windows:
            raise Fault(
                f"the windows lack the column {name}: expected the windows frame of training jobs; choose "
                "another column or aggregate the ledgers again."
            )
    parts = windows[windows["window"] == Window.EPOCH]
    slices = slice_columns(parts)
    keys = ["stage", "job", "model", "seed", *slices]
    parts = parts.sort_values([*keys, "attempt", "start_s"], kind="stable", ignore_index=True)
    runs = parts.groupby(keys, dropna=False, sort=False)
    curves = parts[[*keys, "attempt", "epoch", "energy_status"]].assign(
        place=runs.cumcount() + 1,
        loss=parts[loss].astype("float64"),
        energy_kwh=parts[energy].astype("float64"),
        run=runs.ngroup(),
    )
    by_run = curves.groupby("run", sort=False)
    known = by_run["energy_kwh"].transform(lambda kwh: kwh.notna().cumprod().astype(bool))
    curves["cumulative_kwh"] = by_run["energy_kwh"].cumsum().where(known)
    curves["best_loss"] = by_run["loss"].transform(lambda values: values.cummin().ffill())
    # The first epoch has no earlier one to compare with.
    curves["gain"] = by_run["best_loss"].transform(lambda best: -best.diff())
    joules = (curves["energy_kwh"] * JOULES_PER_KWH).where(lambda value: value > 0)
    curves["gain_per_j"] = curves["gain"] / joules
    return curves


def last_gains(curves: pd.DataFrame, small_share: float = SMALL_GAIN_SHARE) -> pd.DataFrame:
    """One row per run: where it was best, and the epoch from which gains were small.

    ``small_gain_epoch`` is the first epoch after which all further epochs together lower the best loss by no more
    than ``small_share`` of the run's whole reduction (first epoch to best); ``late_kwh`` is what was spent after
    it, ``late_share`` its part of ``total_kwh``. ``best_epoch`` and ``best_kwh`` (spent until then) are of the
    first epoch with the least loss. Epochs count as places in the run. Raises :class:`Fault` for a share outside
    (0, 1).
    """
    if not 0 < small_share < 1:
        raise Fault(f"small_share is {small_share}: expected a share above 0 and below 1; give another.")
    slices = slice_columns(curves)
    rows = []
    for _, run in curves[curves["loss"].notna()].groupby("run", sort=False):
        best = run["best_loss"].to_numpy()
        place = int(np.argmin(run["loss"].to_numpy()))
        left = best - best[-1]
        small = int(np.argmax(left <= small_share * left[0]))
        whole = curves[curves["run"] == run["run"].iloc[0]]
        total = whole["cumulative_kwh"].iloc[-1]
        late = total - run["cumulative_kwh"].iloc[small]
        rows.append(
            {
                **{name: run[name].iloc[0] for name in (*slices, "stage", "job", "model", "seed", "run")},
                "epochs": len(whole),
                "first_loss": run["loss"].iloc[0],
                "best_loss": best[-1],
                "best_epoch": int(run["place"].iloc[place]),
                "best_kwh": run["cumulative_kwh"].iloc[place],
                "small_gain_epoch": int(run["place"].iloc[small]),
                "small_gain_kwh": run["cumulative_kwh"].iloc[small],
                "total_kwh": total,
                "late_kwh": late,
                "late_share": late / total if total > 0 else np.nan,
                "energy_status": worst_status(whole["energy_status"]),
            }
        )
    names = ["stage", "job", "model", "seed", "run", "epochs", "first_loss", "best_loss", "best_epoch"]
    names += ["best_kwh", "small_gain_epoch", "small_gain_kwh", "total_kwh", "late_kwh", "late_share"]
    return pd.DataFrame(rows, columns=[*slices, *names, "energy_status"])


def mean_curves(curves: pd.DataFrame, points: int = GRID_POINTS) -> pd.DataFrame:
    """Per model (and slice) the mean loss with its 95 % interval over seeds, on a common grid of energy.

    The grid spans the energies that all the model's runs reached, so that n is the same along it; between epochs
    the loss is interpolated. Columns: slices, ``model, n, cumulative_kwh, loss_mean, loss_low, loss_high``.
    A model whose runs share no span of known energy has no row.
    """
    slices = slice_columns(curves)
    known = curves[curves["cumulative_kwh"].notna() & curves["loss"].notna()]
    # Losses such as likelihoods can be negative.
    interval = geometric_interval if (known["loss"] > 0).all() else mean_interval
    rows = []
    for values, group in known.groupby([*slices, "model"], sort=False, dropna=False):
        runs = [
            run[["cumulative_kwh", "loss"]].to_numpy(dtype="float64").T for _, run in group.groupby("run")
        ]
        first, last = max(x[0] for x, _ in runs), min(x[-1] for x, _ in runs)
        if first >= last:
            continue
        grid = np.linspace(first, last, points)
        losses = np.stack([np.interp(grid, x, y) for x, y in runs])
        for kwh, column in zip(grid, losses.T, strict=True):
            found = interval(column)
            row = dict(zip([*slices, "model"], values, strict=True))
            row |= {"n": found.n, "cumulative_kwh": kwh, "loss_mean": found.mean}
            rows.append(row | {"loss_low": found.low, "loss_high": found.high})
    numbers = ["cumulative_kwh", "loss_mean", "loss_low", "loss_high"]
    frame = pd.DataFrame(rows, columns=[*slices, "model", "n", *numbers])
    return frame.astype({"n": "int64", **dict.fromkeys(numbers, "float64")})
