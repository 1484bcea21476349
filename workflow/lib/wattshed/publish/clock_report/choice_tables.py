"""The tables of the page of choices: the answers, what each rule picks, the checks, and all settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattshed.publish.clock_report.html_parts import Column, Html, Look, badge, table
from wattshed.publish.clock_report.numbers import MISSING, interval, percent, quantity
from wattshed.publish.typesetting.table import spaced_percent

RESULTS: dict[str, Look] = {"pass": "good", "fail": "bad", "not judged": "soft"}


INTERVAL_NOTE = (
    "Shares are relative to the warm maximum setting, with 95 % intervals in brackets. A positive saving is less "
    "energy, a positive slowdown is slower."
)


def overview_table(
    choices: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]],
    configurations: Sequence[Mapping[str, Any]],
) -> Html:
    rows: list[list[str | Html]] = [
        [
            cell_title(choice, choices),
            choice["status"],
            f"{configuration['setting']} {choice['unit']}",
            _candidate(choice),
            interval(choice, "saving"),
            interval(choice, "slowdown"),
            badge(validation["result"], RESULTS[validation["result"]]),
        ]
        for choice, validation, configuration in zip(choices, validations, configurations, strict=True)
    ]
    columns = [
        Column("GPU, workload"),
        Column("Choice"),
        Column("Run at", numeric=True),
        Column("Numbers are of", numeric=True),
        Column("Energy saved", numeric=True),
        Column("Slowdown", numeric=True),
        Column("Validation"),
    ]
    notes = [
        INTERVAL_NOTE,
        "use: run at the lower setting; keep: the maximum, as no lower setting is shown to be worth it; doubtful: "
        "physics does not explain the numbers; refused: the recording cannot be trusted, so no saving is stated.",
        "Validation recomputes each answer from the raw rows by independent code; what the choice itself does not "
        "trust is not judged.",
    ]
    return table(
        "The answer for each GPU and workload, and whether it passed validation.", columns, rows, notes
    )


def picks_table(choice: Mapping[str, Any]) -> Html:
    """One row per rule: its pick within the limits beside the one without them."""
    by_rule: dict[str, dict[bool, Mapping[str, Any]]] = {}
    for pick in choice["picks"]:
        by_rule.setdefault(pick["rule"], {})[pick["constrained"]] = pick
    rows: list[list[str | Html]] = []
    for rule, picks in by_rule.items():
        row: list[str | Html] = [rule]
        for constrained in (True, False):
            pick = picks.get(constrained, {})
            row += [
                MISSING if pick.get("setting") is None else f"{pick['setting']}{_range(pick)}",
                interval(pick, "saving"),
                interval(pick, "slowdown"),
                percent(pick.get("edp_gain_share")),
            ]
        rows.append(row)
    each = [("Setting", f" ({choice['unit']})"), ("Energy saved", ""), ("Slowdown", ""), ("EDP gain", "")]
    columns = [Column("Rule")] + [
        Column(f"{title} {kind}{unit}", numeric=True)
        for kind in ("within limits", "without")
        for title, unit in each
    ]
    nothing = [
        f"{rule} within the limits: {spaced_percent(picks[True]['reason'])}."
        for rule, picks in by_rule.items()
        if True in picks and picks[True]["setting"] is None and picks[True]["reason"]
    ]
    return table(
        "What each rule picks, within the limits and without them.",
        columns,
        rows,
        [
            "Brackets after a setting: between which settings the rule falls if the runs are resampled (95 %). EDP: "
            "energy times time of a run; a positive gain is less of it.",
            *nothing,
        ],
    )


def checks_table(validation: Mapping[str, Any]) -> Html:
    rows: list[list[str | Html]] = [
        [
            one["name"],
            badge(*_outcome(one)),
            one["found"],
            one["expected"],
            one["words"],
        ]
        for one in validation["checks"]
    ]
    columns = [
        Column("Check"),
        Column("Result"),
        Column("Found", long=True),
        Column("Expected", long=True),
        Column("It says that", long=True),
    ]
    return table("What was recomputed from the raw rows.", columns, rows)


def _outcome(check: Mapping[str, Any]) -> tuple[str, Look]:
    if check["passed"]:
        return "passed", "good"
    return ("failed", "bad") if check["must"] else ("warning", "soft")


def settings_table(choice: Mapping[str, Any]) -> Html:
    rows: list[list[str | Html]] = [
        [
            str(one["setting"]),
            str(one["repeats"]) if one.get("measured", True) else "fitted only",
            quantity(one.get("time_s")),
            quantity(one.get("power_w")),
            quantity(one.get("energy_j")),
            interval(one, "saving"),
            interval(one, "slowdown"),
        ]
        for one in sorted(choice["fitted"], key=lambda one: -one["setting"])
    ]
    columns = [
        Column(f"Setting ({choice['unit']})", numeric=True),
        Column("Runs", numeric=True),
        Column("Time (s)", numeric=True),
        Column("Power (W)", numeric=True),
        Column("Energy (J)", numeric=True),
        Column("Energy saved", numeric=True),
        Column("Slowdown", numeric=True),
    ]
    return table(
        f"All settings as the choice sees them (estimator: {choice['estimator']}).",
        columns,
        rows,
        [INTERVAL_NOTE],
    )


def cell_title(choice: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> str:
    """GPU and workload; also the uuid and the knob where others share them."""
    same = [one for one in choices if (one["gpu"], one["workload"]) == (choice["gpu"], choice["workload"])]
    more = [choice["gpu_uuid"] or "", choice["knob"].replace("_", " ")] if len(same) > 1 else []
    return ", ".join(part for part in (choice["gpu"], choice["workload"], *more) if part)


def _candidate(choice: Mapping[str, Any]) -> str:
    return MISSING if choice.get("candidate") is None else f"{choice['candidate']} {choice['unit']}"


def _range(pick: Mapping[str, Any]) -> str:
    low, high = pick.get("setting_low"), pick.get("setting_high")
    return "" if low is None or high is None else f" [{low}, {high}]"
