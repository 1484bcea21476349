"""A training as a series of checks: the energy spent so far, and the validation error."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from wattshed.accounts.marks.flags import USED
from wattshed.accounts.reading.frame_types import VALIDATION_RMSE
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.trainings import work_windows
from wattshed.energy.reading import worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status, Window

SAMPLES = "value_samples"
LOOKING = "value_looking_s"
ROUNDING = 1e-12
# What names a run; a fit that was measured several times is as many runs of one seed.
RUN = ["model", "seed", "trial"]


class Spent(NamedTuple):
    """Energy [kWh] and time [s] without looks, and (node, window) pairs, until some check; NaN where unknown.

    is_bound: it is the first of several looks at a training, which may have been there before.
    """

    kwh: float
    s: float
    samples: float
    is_bound: bool


def training_checks(windows: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """One row per epoch or closed-form fit of the models, in the order in which they were run.

    windows: of the accounts. Columns: ``model, seed`` (0 if nothing is random), ``trial`` (of a fit that was measured
    several times, else 1: each trial is a run of its own), ``check`` (1.. within the run), ``window`` (``epoch`` or
    ``fit``), ``validation_rmse`` (at its end; NaN if it was not measured), ``cumulative_kwh, cumulative_s,
    cumulative_samples``, all without the looks at the validation part, these looks as ``cumulative_looking_kwh,
    cumulative_looking_s`` (0 where a window did not measure its look), ``energy_status``, and the processor seconds of
    the job and of others with the time. The sum is NaN from a window of unknown energy on, and where there was nothing
    to fit. Epochs that a resumed training ran twice count twice; a fit that was repeated only to fill its
    window counts once. Raises :class:`Fault` for a model without any window.
    """
    parts = work_windows(windows[windows["model"].isin(models)])
    lacking = [model for model in models if model not in set(parts["model"])]
    if lacking:
        raise Fault(
            f"the ledgers hold no training of the ladder's step {lacking[0]!r}: expected its epochs or its fit; run "
            "the rule that trains it first."
        )
    parts["seed"] = parts["seed"].fillna(0).astype("int64")
    trial = parts["trial"] if "trial" in parts else pd.Series(1, index=parts.index)
    parts["trial"] = trial.fillna(1).astype("int64")
    parts = parts.sort_values([*RUN, "attempt", "start_s"], kind="stable", ignore_index=True)
    runs = parts.groupby(RUN, sort=False)
    samples = _numbers(parts, SAMPLES)
    # A closed-form fit before the epochs draws no samples; a run with nothing else has no count.
    trained = runs["window"].transform(lambda names: (names == Window.EPOCH).any())
    samples = samples.mask(trained & parts["window"].eq(Window.FIT) & samples.isna(), 0.0)
    duration_s = parts["duration_s"].astype("float64") / parts["repeats"].astype("float64")
    looking_s = _numbers(parts, LOOKING)
    # A look's energy is its share of the window's time.
    looking = (looking_s / duration_s).fillna(0.0).clip(0.0, 1.0)
    spent = pd.DataFrame(
        {
            "kwh": parts["work_kwh"] * (1 - looking),
            # Nothing to fit takes no time that a clock could tell.
            "s": (duration_s * (1 - looking)).mask(parts["energy_status"].eq(Status.NO_FIT)),
            "samples": samples,
            "looking_kwh": parts["work_kwh"] * looking,
            "looking_s": duration_s * looking,
        }
    )
    keys = [parts[name] for name in RUN]
    checks = parts[[*RUN, "window"]].assign(
        check=runs.cumcount() + 1,
        validation_rmse=_numbers(parts, VALIDATION_RMSE),
    )
    for name, column in spent.items():
        known = column.notna().groupby(keys).cummin()
        checks[f"cumulative_{name}"] = column.groupby(keys).cumsum().where(known)
    used = {name: _numbers(parts, name) for name in USED}
    return checks.assign(energy_status=parts["energy_status"].astype("object"), **used)


def whole_runs(checks: pd.DataFrame) -> pd.DataFrame:
    """One row per model, seed and trial: ``training_kwh, training_s, samples, best_rmse, checks, looking_share,
    energy_status, alone``.

    Energy and time are those of the whole training, looks at the validation part included. ``best_rmse`` is the least
    validation RMSE, NaN if there is none. ``looking_share``: the looks' share of the time.
    """
    rows: list[dict[str, Any]] = []
    for (model, seed, trial), run in checks.groupby(RUN, sort=False):
        last = run.iloc[-1]
        rows.append(
            {
                "model": model,
                "seed": seed,
                "trial": trial,
                "training_kwh": last["cumulative_kwh"] + last["cumulative_looking_kwh"],
                "training_s": last["cumulative_s"] + last["cumulative_looking_s"],
                "samples": last["cumulative_samples"],
                "best_rmse": run["validation_rmse"].min(),
                "checks": len(run),
                "looking_share": _looking_share(last),
                "energy_status": worst_status(run["energy_status"]),
                **{name: run[name].sum(min_count=1) for name in USED},
            }
        )
    return add_alone(pd.DataFrame(rows))


def _looking_share(last: pd.Series) -> float:
    looking_s, training_s = float(last["cumulative_looking_s"]), float(last["cumulative_s"])
    return looking_s / (looking_s + training_s) if looking_s else float("nan")


def until_error(run: pd.DataFrame, target_rmse: float) -> Spent | None:
    """What one run had spent at its first check with a validation RMSE of at most the target; None without such a
    check."""
    # A mean of equal errors may lie a rounding below them.
    reached = run["validation_rmse"].to_numpy(dtype="float64") <= target_rmse * (1 + ROUNDING)
    return _spent(run, int(np.argmax(reached))) if reached.any() else None


def until_best(run: pd.DataFrame) -> Spent:
    """What one run had spent at the first of its checks with its least validation RMSE, which must be known."""
    return _spent(run, int(np.nanargmin(run["validation_rmse"].to_numpy(dtype="float64"))))


def until_end(run: pd.DataFrame) -> Spent:
    """What one run spent in all, without its looks."""
    return _spent(run, len(run) - 1)


def _spent(run: pd.DataFrame, place: int) -> Spent:
    # Cells, not the whole row: a ladder asks this thousands of times, and a row of mixed types is made slowly.
    kwh, s, samples = (float(run[f"cumulative_{name}"].to_numpy()[place]) for name in ("kwh", "s", "samples"))
    # A closed form is there only at its end.
    return Spent(kwh, s, samples, place == 0 and str(run["window"].iat[place]) == Window.EPOCH)


def _numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series(np.nan, index=frame.index)
    return frame[column].astype("float64")
