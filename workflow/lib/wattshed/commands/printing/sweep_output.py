"""What ``wattshed sweep`` prints: a row per setting, and the verdict."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from wattshed.clocks.runs import KNOBS
from wattshed.commands.printing.screen import plain_table

SIMULATED_NOTE = (
    "SIMULATED: time and energy are those of an invented GPU; they say nothing about this machine or command."
)


def print_sweep(
    console: Console, frame: pd.DataFrame, choices: Sequence[dict[str, Any]], folder: Path
) -> None:
    """Medians of the warm rows of each setting, highest first, and what was chosen.

    The percentages are those that the choice is made by, so that table and verdict agree; medians are compared where
    the choice has none.
    """
    for choice in choices:
        rows = frame[frame["workload"] == choice["workload"]]
        knob = KNOBS[str(rows["knob"].iloc[0])]
        warm = rows[rows["warm"].astype(bool)]
        mark = "SIMULATED, " if choice["label"] == "simulated" else ""
        table = plain_table(
            f"{mark}{choice['gpu']}: {choice['workload']}",
            f"{knob.title}, {knob.unit}",
            *("n", "time, s", "energy, J", "power, W", "time, %", "energy, %"),
            numeric=(
                f"{knob.title}, {knob.unit}",
                "n",
                "time, s",
                "energy, J",
                "power, W",
                "time, %",
                "energy, %",
            ),
        )
        medians = warm.groupby("setting")[["time_s", "energy_j", "power_w"]].median()
        fitted = {
            int(point["setting"]): (point["slowdown_share"], 0.0 - point["saving_share"])
            for point in choice.get("fitted") or ()
            if point.get("saving_share") is not None and point.get("slowdown_share") is not None
        }
        settings = sorted(medians.index, reverse=True)  # none if the budget ended during the warm-up
        for setting in settings:
            found, largest = medians.loc[setting], medians.loc[settings[0]]
            compared = tuple(found[name] / largest[name] - 1 for name in ("time_s", "energy_j"))
            style = "bold" if setting == choice["setting"] else None
            table.add_row(
                str(setting),
                str(int((warm["setting"] == setting).sum())),
                *(f"{found[name]:.4g}" for name in ("time_s", "energy_j", "power_w")),
                *(f"{100 * share:+.1f}" for share in fitted.get(int(setting), compared)),
                style=style,
            )
        console.print(table)
        if fitted:
            console.print(
                "Time, energy and power are medians of the warm windows; the percentages are the values that the "
                f"choice is made by ({choice.get('estimator')}).",
                markup=False,
            )
        console.print(f"{mark}{choice['verdict']}: {choice['reason']}.", markup=False)
        if choice.get("saving_share") is not None:
            low, high = choice["saving_low"], choice["saving_high"]
            console.print(
                f"{choice['candidate']} {knob.unit} saves {choice['saving_share']:.1%} of the energy [{low:.1%}, "
                f"{high:.1%}] and takes {choice['slowdown_share']:+.1%} time, against {choice['maximum']} {knob.unit}.",
                markup=False,
            )
    console.print(f"Written: {folder}", markup=False)
