"""A drawn table as files, the block that says everything about them, and the truth."""

from typing import Any

import numpy as np
import pandas as pd

from generated_tables.clocks import Clocked, clocked, standard
from generated_tables.contents import contents
from generated_tables.drawn import Drawn
from layouts.truth import Layout, values_at


def make(drawn: Drawn) -> tuple[Layout, dict[str, Any], bool]:
    """Files with their truth; the block `data.source` that says everything; whether these leave one reading only."""
    random = np.random.default_rng(drawn.seed)
    fine = _readings(drawn, random)
    rows = clocked(fine, drawn)
    omitted = drawn.marker is None and drawn.form in ("long", "series")
    lost = rows.shown.isna().to_numpy()
    files = contents(rows, drawn, random)
    in_order = drawn.order != "shuffled" and not (omitted and lost.any())
    layout = Layout(
        "generated", files, _at_step(rows.known, drawn), drawn.unit[2] or drawn.unit[1], drawn.zone
    )
    return layout, _block(rows, drawn), in_order or not rows.in_doubt.any()


def _readings(drawn: Drawn, random: np.random.Generator) -> pd.DataFrame:
    zone = standard(drawn) if drawn.dst == "none" else drawn.zone
    first = pd.Timestamp(drawn.first_day)
    times = pd.date_range(
        first.tz_localize(zone).tz_convert("UTC"),
        (first + pd.Timedelta(days=drawn.days)).tz_localize(zone).tz_convert("UTC"),
        freq=f"{drawn.minutes}min",
        inclusive="left",
    )
    fine = pd.DataFrame(
        values_at(times, len(drawn.nodes), drawn.size), index=times, columns=list(drawn.nodes)
    )
    if drawn.unit[0] == "register":
        fine = fine.cumsum().round(3)
    lost = random.random(fine.shape) < drawn.missing_share
    # The ends stay: the typical spacing and the span are the same for every draw.
    lost[[0, -1]] = False
    return fine.mask(lost)


def _at_step(known: pd.DataFrame, drawn: Drawn) -> pd.DataFrame:
    """What the panel must hold: energy of a step, or the mean of a power without a unit of energy and of a level."""
    quantity, _, panel_unit, factor = drawn.unit
    each = drawn.step_minutes // drawn.minutes
    if quantity == "register":
        known = known.diff() if drawn.stamp == "end" else known.shift(-1) - known
    grouped = known.groupby(known.index.floor(f"{drawn.step_minutes}min"))
    whole = grouped.count() == each
    if quantity in ("energy", "register"):
        return (grouped.sum() * factor).where(whole)
    hours = drawn.step_minutes / 60 if panel_unit else 1.0
    return (grouped.mean() * factor * hours).where(whole)


def _block(rows: Clocked, drawn: Drawn) -> dict[str, Any]:
    quantity, unit, panel_unit, _ = drawn.unit
    name = drawn.names[0]
    block: dict[str, Any] = {
        "kind": "table",
        "path": "data/t*" if drawn.form != "series" else "data/*",
        "form": drawn.form,
        "timezone": drawn.zone,
        "resolution": f"{drawn.minutes}min",
        "step_minutes": drawn.step_minutes,
        "quantity": quantity,
        "unit": unit,
        "time_column": name,
    }
    if drawn.container != "parquet":
        block |= {"separator": drawn.separator, "decimal": drawn.decimal}
        block |= {"encoding": drawn.encoding, "skip_rows": drawn.title_lines}
    if panel_unit:
        block["panel_unit"] = panel_unit
    if drawn.thousands:
        block["thousands"] = drawn.thousands
    if "/%Y" in drawn.day_format:
        block["day_first"] = drawn.day_format == "%d/%m/%Y"
    if drawn.stamp == "end":
        block["stamp"] = "end"
    if drawn.dst:
        block["dst"] = drawn.dst
    if drawn.marker in ("-9999", "x"):
        block["missing"] = [drawn.marker if drawn.marker == "x" else -9999]
    if drawn.form in ("long", "days"):
        block["node_column"] = drawn.names[1]
    if drawn.form in ("long", "series"):
        block["value_column"] = drawn.names[2]
    if drawn.form == "series":
        block["node_pattern"] = r"^(.*?)\.(?:csv|zip|parquet)"
    if drawn.form == "wide" and drawn.extra_column:
        block["exclude"] = ["Temp*"]
    if drawn.clock == "utc":
        block["times_in"] = "UTC"
    if drawn.clock == "unix":
        block["time_format"] = "unix"
    if drawn.clock in ("hours", "hours_clock"):
        block |= {
            "time_column": name or "date",
            "hour_column": "slot",
            "hours_from": 0 if drawn.midnight_24 else 1,
        }
        block["hour_numbers"] = "clock" if drawn.clock == "hours_clock" else "elapsed"
    elif drawn.clock == "periods":
        block |= {"time_column": name or "date", "period_column": "slot"}
    elif drawn.separate_hour and drawn.clock in ("local", "utc") and drawn.form != "days":
        block["time_column"] = [name or "date", "clock"]
    elif drawn.form == "days":
        block["time_column"] = name or "date"
    if block["time_column"] == "":
        del block["time_column"]
    return block


def shown_by_the_file(drawn: Drawn) -> frozenset[str]:
    """Keys that are left out, without those that the file cannot show: standard time where no clock changes."""
    natural = pd.date_range(drawn.first_day, periods=drawn.days + 1, freq="D", tz=drawn.zone)
    changes = len({moment.utcoffset() for moment in natural}) > 1
    return drawn.left_out if changes or drawn.dst != "none" else drawn.left_out - {"dst"}
