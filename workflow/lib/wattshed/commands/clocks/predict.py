"""``wattshed clocks predict``: time and energy at every setting, from one to three probes of a new workload."""

import argparse
import json
import math
from typing import Any

import pandas as pd

from wattshed.clocks.cells import Cell, cells
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose_cell
from wattshed.clocks.predicting.cell_curve import CellCurve, curve_of
from wattshed.clocks.predicting.unseen import predict_unseen
from wattshed.clocks.runs import KNOBS
from wattshed.commands.clocks.recordings import recording_of
from wattshed.commands.output_place import check_file, writing
from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import whole_file

KEPT_EXIT_CODE = 1
MOST_SETTING = 10_000


def run(arguments: argparse.Namespace) -> int:
    """0 if a lower setting is predicted to save energy within the limit, 1 if the maximum is the best."""
    if arguments.output:
        check_file(arguments.output, "--output")
    found = list(cells(recording_of(arguments.probes, arguments).runs))
    if len(found) != 1:
        raise Fault(
            f"{arguments.probes} holds {len(found)} GPUs and workloads: expected the probes of one; name it with --gpu "
            "and --workload."
        )
    cell, probes = found[0]
    training, refused = _learnt(arguments, cell)
    settings = _settings(arguments, training, probes)
    table = predict_unseen(probes, settings, training, arguments.max_slowdown)
    if arguments.output:
        with writing(arguments.output, "--output"), whole_file(arguments.output) as temporary:
            table.to_csv(temporary, index=False)
    picked = table[table["picked"]].iloc[0]
    top = table.iloc[-1]
    saving = 1 - float(picked["energy_j"] / top["energy_j"])
    slowdown = float(picked["time_s"] / top["time_s"]) - 1
    numbers = {
        "gpu": cell.gpu,
        "workload": cell.workload,
        "knob": cell.knob,
        "unit": KNOBS[cell.knob].unit,
        "model": str(picked["model"]),
        "learnt_from": [curve.workload for curve in training],
        "left_out": refused,
        "setting": float(picked["setting"]),
        "predicted_saving_share": saving,
        "predicted_slowdown_share": slowdown,
        "settings": _plain(table),
    }
    if arguments.json:
        print(json.dumps(numbers, indent=2, allow_nan=False))
    else:
        _print(cell, table, numbers, arguments.max_slowdown)
    return 0 if picked["setting"] < top["setting"] else KEPT_EXIT_CODE


def _learnt(arguments: argparse.Namespace, cell: Cell) -> tuple[list[CellCurve], list[str]]:
    """Curves of the other workloads of the recordings named by ``--from``, and what was left out, with the reason."""
    curves: list[CellCurve] = []
    refused: list[str] = []
    # --gpu, --gpu-index, --workload and --marks are about the probes alone.
    others = argparse.Namespace(
        **{**vars(arguments), "gpu": None, "gpu_index": None, "workload": None, "marks": None}
    )
    for path in arguments.learn_from:
        for other, rows in cells(recording_of(path, others).runs):
            if other.knob != cell.knob:
                refused.append(f"{other.title}: another knob")
            elif (other.gpu, other.workload) == (cell.gpu, cell.workload):
                refused.append(f"{other.title}: the workload that is predicted")
            elif not rows["setting"].is_unique and _is_refused(rows, arguments.max_slowdown):
                refused.append(f"{other.title}: its sweep is refused")
            elif (curve := curve_of(rows)) is None:
                refused.append(f"{other.title}: fewer than four settings")
            else:
                curves.append(curve)
    return curves, refused


def _is_refused(rows: pd.DataFrame, max_slowdown_share: float) -> bool:
    return choose_cell(rows, Limits(max_slowdown_share), "least_energy", 0).status == "refused"


def _settings(arguments: argparse.Namespace, training: list[CellCurve], probes: pd.DataFrame) -> list[float]:
    """Those that the command names; else the swept ones of the same GPU; else steps of 5 % down to the lowest probe."""
    if arguments.settings:
        for setting in arguments.settings:
            if not 0 < setting <= MOST_SETTING:
                raise Fault(
                    f"--settings {setting:g}: expected clocks in MHz or power limits in W, above 0 and up to "
                    f"{MOST_SETTING:,}; correct it."
                )
        return [float(setting) for setting in arguments.settings]
    gpu = str(probes["gpu"].iloc[0])
    same = [curve for curve in training if curve.gpu == gpu]
    top = float(probes["setting"].max())
    if same:
        return sorted({float(setting) for curve in same for setting in curve.settings if setting <= top})
    lowest = float(probes["setting"].min()) / top if len(probes["setting"].unique()) > 1 else 0.5
    return [round(top * (1 - 0.05 * step)) for step in range(math.floor((1 - lowest) / 0.05) + 1)]


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.to_dict("records")
    return [
        {
            str(key): None if isinstance(value, float) and math.isnan(value) else value
            for key, value in row.items()
        }
        for row in rows
    ]


def _print(cell: Cell, table: pd.DataFrame, numbers: dict[str, Any], limit: float) -> None:
    console = open_console()
    unit, top = numbers["unit"], table.iloc[-1]
    shown = plain_table(
        f"{cell.title}: predicted",
        f"{KNOBS[cell.knob].title} ({unit})",
        "time (s)",
        "90 % interval",
        "energy (J)",
        "saved",
        numeric=(f"{KNOBS[cell.knob].title} ({unit})", "time (s)", "energy (J)", "saved"),
    )
    for row in table.iloc[::-1].to_dict("records"):
        known = not math.isnan(row["time_low_s"])
        shown.add_row(
            f"{row['setting']:g}{' *' if row['picked'] else ''}",
            f"{row['time_s']:.4g}",
            f"{row['time_low_s']:.4g} to {row['time_high_s']:.4g}" if known else "–",
            f"{row['energy_j']:.4g}",
            f"{100 * (1 - row['energy_j'] / top['energy_j']):.1f} %",
        )
    console.print(shown)
    source = (
        f"learnt from {len(numbers['learnt_from'])} other workloads"
        if numbers["model"] == "prior"
        else "from laws through the probes alone"
    )
    console.print(
        f"* {numbers['setting']:g} {unit} is predicted to save {100 * numbers['predicted_saving_share']:.1f} % of the "
        f"energy at {100 * numbers['predicted_slowdown_share']:+.1f} % time (limit {100 * limit:g} %), {source}. A "
        "prediction is not a measurement: measure this setting against the maximum before you use it.",
        markup=False,
    )
    for reason in numbers["left_out"]:
        console.print(f"Not learnt from {reason}.", markup=False)
