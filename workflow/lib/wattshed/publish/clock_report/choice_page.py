"""The report of ``wattshed clocks choose``: one self-contained page with the answer first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattshed.publish.clock_report.html_parts import (
    Column,
    Html,
    Look,
    badge,
    bullets,
    code,
    folded,
    page,
    paragraph,
    picture,
    table,
)
from wattshed.publish.clock_report.numbers import MISSING, capital, interval, percent, quantity
from wattshed.publish.typesetting.table import spaced_percent

RESULTS: dict[str, Look] = {"pass": "good", "fail": "bad", "not judged": "soft"}
INTERVAL_NOTE = (
    "Shares are relative to the warm maximum setting, with 95 % intervals in brackets. A positive saving is less "
    "energy, a positive slowdown is slower."
)


def choice_page(
    source: str,
    choices: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]],
    configurations: Sequence[Mapping[str, Any]],
    figures: Sequence[Mapping[str, Path]],
    notes: Sequence[str] = (),
) -> str:
    """The page as HTML.

    Sequences have one entry per GPU and workload: choice document, validation, entry of the deployment document, and
    PNG files by name (``curves``, ``front``). notes: what the reader of the recording left out.
    """
    used = [one for one in configurations if one["deployed"]]
    sections = [("cells", "All GPUs and workloads", _overview(choices, validations, configurations))]
    for place, parts in enumerate(zip(choices, validations, configurations, figures, strict=True)):
        sections.append((f"cell-{place + 1}", _title(choices[place], choices), _cell(*parts)))
    sections.append(("deploy", "Deploy", _deploy(used)))
    return page(
        "Which clock to run at",
        f"wattshed clocks choose {source}",
        [
            _answer(choices, configurations),
            *([bullets([f"Recording: {one}" for one in notes])] if notes else []),
        ],
        sections,
        {"choices": list(choices), "validation": list(validations), "configurations": list(configurations)},
    )


def sentence(choice: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    """The answer for one GPU and workload, with their names."""
    return f"{choice['gpu']}, {choice['workload']}: {_answer_of(choice, configuration)}"


def _answer_of(choice: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    if configuration["recommended"]:
        simulated = "" if configuration["deployed"] else " Simulated: there is nothing to deploy."
        return (
            f"run at {choice['setting']} {choice['unit']} in place of {choice['maximum']}: energy saved "
            f"{interval(choice, 'saving')}, slowdown {interval(choice, 'slowdown')}.{simulated}"
        )
    return f"{spaced_percent(configuration['reason'])}."


def _answer(choices: Sequence[Mapping[str, Any]], configurations: Sequence[Mapping[str, Any]]) -> Html:
    ordered = sorted(zip(choices, configurations, strict=True), key=lambda pair: not pair[1]["recommended"])
    return bullets([sentence(*pair) for pair in ordered])


def _overview(
    choices: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]],
    configurations: Sequence[Mapping[str, Any]],
) -> Html:
    rows: list[list[str | Html]] = [
        [
            _title(choice, choices),
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


def _cell(
    choice: Mapping[str, Any],
    validation: Mapping[str, Any],
    configuration: Mapping[str, Any],
    figures: Mapping[str, Path],
) -> Html:
    parts = [
        paragraph(capital(_answer_of(choice, configuration))),
        paragraph(
            f"Validation: {validation['result']} ({validation['reason']}). Limits: {_limits(choice)}. Baseline: "
            f"{choice['baseline_repeats']} runs, {_protocol(choice)}. Set aside: {_marked(choice)}."
        ),
    ]
    if found := [spaced_percent(one["words"]) for one in choice.get("detections") or [] if one["found"]]:
        parts.append(bullets(found))
    unit = choice["unit"]
    if "curves" in figures:
        parts.append(
            picture(
                figures["curves"],
                f"Time, power and energy of one run against the setting ({unit}). The line is what the choice was made "
                "by, with its 95 % interval.",
            )
        )
    if "front" in figures:
        parts.append(picture(figures["front"], "Energy saved against slowdown, and what each rule picks."))
    if choice.get("picks"):
        parts.append(_picks(choice))
    parts.append(folded("Checks of the validation", _checks(validation)))
    if choice.get("fitted"):
        parts.append(folded("All settings", _settings(choice)))
    return Html("".join(part.text for part in parts))


def _picks(choice: Mapping[str, Any]) -> Html:
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


def _checks(validation: Mapping[str, Any]) -> Html:
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


def _settings(choice: Mapping[str, Any]) -> Html:
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


def _deploy(used: Sequence[Mapping[str, Any]]) -> Html:
    if not used:
        return paragraph("Nothing is deployed: run at the maximum, which needs no command.")
    parts = [
        paragraph(
            "The commands need root. Where they say GPU_UUID, write the GPU's own, as nvidia-smi -L shows it. "
            "Persistence mode keeps the setting while no program uses the GPU. deployment/ holds a systemd unit per "
            "configuration, prolog and epilog for SLURM, and alerts for Prometheus."
        )
    ]
    for one in used:
        lines = one["commands"]
        parts.append(paragraph(f"{one['gpu']}, {one['workload']}: {one['setting']} {one['unit']}"))
        parts.append(
            code(
                [
                    lines["persistence"],
                    lines["apply"],
                    f"{lines['verify']}    # shows it",
                    f"{lines['reset']}    # takes it back",
                ]
            )
        )
    return Html("".join(part.text for part in parts))


def _title(choice: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> str:
    """GPU and workload; also the uuid and the knob where others share them."""
    same = [one for one in choices if (one["gpu"], one["workload"]) == (choice["gpu"], choice["workload"])]
    more = [choice["gpu_uuid"] or "", choice["knob"].replace("_", " ")] if len(same) > 1 else []
    return ", ".join(part for part in (choice["gpu"], choice["workload"], *more) if part)


def _candidate(choice: Mapping[str, Any]) -> str:
    return MISSING if choice.get("candidate") is None else f"{choice['candidate']} {choice['unit']}"


def _range(pick: Mapping[str, Any]) -> str:
    low, high = pick.get("setting_low"), pick.get("setting_high")
    return "" if low is None or high is None else f" [{low}, {high}]"


def _limits(choice: Mapping[str, Any]) -> str:
    limits = choice["limits"]
    said = [f"at most {percent(limits['max_slowdown_share'])} slower"]
    if limits.get("lowest_share") is not None or limits.get("highest_share") is not None:
        ends = (
            limits.get("lowest_share") or 0.0,
            1.0 if limits.get("highest_share") is None else limits["highest_share"],
        )
        said.append(f"settings from {percent(ends[0], 0)} to {percent(ends[1], 0)} of the maximum")
    if limits.get("least_saving_share") is not None:
        said.append(f"at least {percent(limits['least_saving_share'])} saved")
    if limits.get("must_be_stable"):
        said.append("neighbours within the limit too")
    return f"{', '.join(said)}; rule {choice['rule']}, metric {limits.get('metric') or 'energy'}"


def _protocol(choice: Mapping[str, Any]) -> str:
    return {
        "interleaved": "in turns with the other settings",
        "settled": "from a sweep that ran from one end to the other, without its first runs",
    }.get(choice.get("baseline_protocol") or "", "none that can be used")


def _marked(choice: Mapping[str, Any]) -> str:
    counts = choice.get("marked") or {}
    said = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    return ", ".join(said) or "no runs"
