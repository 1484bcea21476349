"""Figure: the validation error by epoch and by the energy spent."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wattshed.accounts.reading.frame_types import VALIDATION_RMSE
from wattshed.accounts.runs.trainings import work_windows
from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.foundation.vocabulary import TRAINING_WINDOWS, Window
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import model_styles, set_style
from wattshed.publish.drawing.log_ticks import name_log_steps
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.scales import wrapped

# Characters of a panel's title in one line.
TITLE_WIDTH = 44


def training_figure(epochs: pd.DataFrame, unit: str, energy_status: str) -> Figure:
    """Left: validation RMSE by epoch; right: the same by cumulative energy. One thin line per seed.

    epochs: rows of ``checkpoints/*.epochs.parquet``; energy_status: of the energies that are drawn. A model of unknown
    energy is named in the right panel's title. If no energy is known, the right panel is left out and the title says
    so.
    """
    set_style()
    known = epochs["cumulative_kwh"].notna().any()
    figure, axes = plt.subplots(
        1, 2 if known else 1, figsize=(7.2 if known else 4.2, 3.2), sharey=True, squeeze=False
    )
    styles = model_styles(epochs["model"].unique())
    for (model, _), run in epochs.groupby(["model", "seed"], sort=False):
        run = run.sort_values("epoch")
        every = max(1, len(run) // 8)
        style = {**styles[str(model)], "linewidth": 0.9, "markersize": 4, "markevery": every, "alpha": 0.85}
        axes[0, 0].plot(run["epoch"], run["validation_rmse"], **style)
        if known:
            joules = run["cumulative_kwh"] * JOULES_PER_KWH
            axes[0, 1].plot(joules, run["validation_rmse"], **style)
    axes[0, 0].set_xlabel("Epoch (0: closed-form fit)" if (epochs["epoch"] == 0).any() else "Epoch")
    axes[0, 0].set_ylabel(f"Validation RMSE ({unit})")
    axes[0, 0].set_title("By epoch" if known else "By epoch (energy unknown)")
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    if known:
        axes[0, 1].set_xscale("log")
        axes[0, 1].set_xlabel(f"Cumulative energy (J, {energy_status})")
        drawn = epochs.groupby("model", sort=False)["cumulative_kwh"].any()
        unknown = [str(model) for model in drawn.index[~drawn]]
        title = f"By energy spent (unknown: {', '.join(unknown)})" if unknown else "By energy spent"
        axes[0, 1].set_title(wrapped(title, TITLE_WIDTH))
        name_log_steps(axes[0, 1])
    seeds = epochs.groupby("model")["seed"].nunique()
    handles = [
        plt.Line2D([], [], label=f"{model} (n = {seeds[model]})", **style) for model, style in styles.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, title="Model (one line per seed)")
    return figure


def with_fits(epochs: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """The epochs with the energy of the closed-form fit before them, as the ladder counts it, and the fit as epoch 0.

    epochs: rows of ``checkpoints/*.epochs.parquet``, whose energy begins with the first epoch; windows: of the
    accounts. A fit of unknown energy makes its run's energy unknown.
    """
    fits = work_windows(windows, (Window.FIT,)).dropna(subset=["model", "seed"])
    fits = fits[fits["model"].isin(epochs["model"])].drop_duplicates(["model", "seed"], keep="last")
    if fits.empty:
        return epochs
    before = fits.set_index(["model", "seed"])["work_kwh"]
    pairs = zip(epochs["model"], epochs["seed"], strict=True)
    fitted = pd.Series([before.get((model, int(seed)), 0.0) for model, seed in pairs], index=epochs.index)
    first = pd.DataFrame(
        {
            "model": fits["model"].astype("object"),
            "seed": fits["seed"].astype("int64"),
            "epoch": 0,
            "validation_rmse": fits.get(VALIDATION_RMSE, pd.Series(np.nan, fits.index)).astype("float64"),
            "cumulative_kwh": fits["work_kwh"],
        }
    )
    return pd.concat(
        [epochs.assign(cumulative_kwh=epochs["cumulative_kwh"] + fitted), first], ignore_index=True
    )


def _make(inputs: Inputs) -> Figure:
    windows, epochs = inputs.frame("windows"), inputs.frame("epochs")
    trained = windows[windows["model"].isin(epochs["model"]) & windows["window"].isin(TRAINING_WINDOWS)]
    status = worst_status(trained.loc[trained["energy_kwh"].notna(), "energy_status"])
    return training_figure(with_fits(epochs, windows), inputs.unit, status)


FIGURE = FigurePart(
    message="Draw the training curves with their energy",
    caption="Validation error during training, by epoch and by the energy spent, closed-form fits included.",
    inputs=("epochs", "windows", "panel"),
    windows=("epoch", "fit"),
    make=_make,
)
