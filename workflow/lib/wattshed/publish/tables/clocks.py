"""Table: time and energy per GPU clock, and the clock that was chosen."""

from typing import Any

import pandas as pd

from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    SIMULATED,
    Cell,
    Column,
    Table,
    count_text,
    plain,
    significant,
    significant_interval,
)
from wattshed.statistics.intervals import METHOD_NOTE
from wattshed.statistics.summaries import summarise


def clocks_summary(sweep: pd.DataFrame) -> pd.DataFrame:
    """One row per clock, highest first: n warm repeats, mean, low, high of time [s], energy [J], power [W]."""
    frame = summarise(sweep[sweep["warm"]], "clock_mhz", ["time_s", "energy_j", "power_w"])
    return frame.sort_values("clock_mhz", ascending=False, ignore_index=True)


def clocks_table(sweep: pd.DataFrame, choice: dict[str, Any]) -> Table:
    """The warm sweep with the chosen clock in bold; the notes hold verdict, reason and savings."""
    frame = clocks_summary(sweep)
    mark = SIMULATED if choice["label"] == "simulated" else ""
    rows = [
        [
            Cell(str(row["clock_mhz"]), best=bool(row["clock_mhz"] == choice["clock_mhz"])),
            Cell(str(row["n"])),
            significant(1000 * row["time_s_mean"], mark=mark),
            significant_interval(1000 * row["time_s_low"], 1000 * row["time_s_high"]),
            significant(row["energy_j_mean"], mark=mark),
            significant_interval(row["energy_j_low"], row["energy_j_high"]),
            significant(row["power_w_mean"], mark=mark),
        ]
        for row in frame.to_dict("records")
    ]
    columns = [
        Column("SM clock", "MHz", numeric=True),
        Column("n", numeric=True),
        Column("Time", "ms", numeric=True),
        Column(INTERVAL_TITLE, "ms"),
        Column("Energy", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("Power", "W", numeric=True),
    ]
    caption = (
        f"GPU clock sweep of {choice['workload']} on {gpu_name(choice)}: one call, mean over "
        f"{count_text(frame['n'])} warm repeats per clock; the recommended clock in bold."
    )
    return Table(
        "clocks", caption, columns, rows, [*choice_sentences(choice), f"{METHOD_NOTE}, over repeats."]
    )


def gpu_name(choice: dict[str, Any]) -> str:
    """The GPU with how its readings are known, said once."""
    gpu, label = str(choice["gpu"]), str(choice["label"])
    return gpu if label in gpu else f"{gpu} ({label})"


def choice_sentences(choice: dict[str, Any]) -> list[str]:
    """Verdict with its reason, and the savings with intervals where any were found."""
    label = "Simulated result" if choice["label"] == "simulated" else f"Result ({choice['label']})"
    sentences = [f"{label}: {choice['verdict']}; {choice['reason']}."]
    if choice["saving_share"] is not None:
        sentences.append(
            f"{choice['candidate_mhz']} MHz against a warm maximum of {choice['maximum_mhz']} MHz: energy saved "
            f"{_percent(choice, 'saving')}, slowdown {_percent(choice, 'slowdown')} (limit "
            f"{plain(100 * choice['max_slowdown_share'], 1)} %), n = {choice['candidate_repeats']} against "
            f"{choice['baseline_repeats']} repeats."
        )
    return sentences


def _percent(choice: dict[str, Any], name: str) -> str:
    mean, low, high = (plain(100 * choice[f"{name}_{part}"], 1) for part in ("share", "low", "high"))
    return f"{mean} % [{low}, {high}]"
