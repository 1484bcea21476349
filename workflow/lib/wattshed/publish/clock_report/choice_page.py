"""The report of ``wattshed clocks choose``: one self-contained page with the answer first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattshed.publish.clock_report.choice_tables import (
    cell_title,
    checks_table,
    overview_table,
    picks_table,
    settings_table,
)
from wattshed.publish.clock_report.html_parts import (
    Html,
    bullets,
    code,
    folded,
    page,
    paragraph,
    picture,
)
from wattshed.publish.clock_report.numbers import capital, interval, percent
from wattshed.publish.typesetting.table import spaced_percent


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
    sections = [("cells", "All GPUs and workloads", overview_table(choices, validations, configurations))]
    for place, parts in enumerate(zip(choices, validations, configurations, figures, strict=True)):
        sections.append((f"cell-{place + 1}", cell_title(choices[place], choices), _cell(*parts)))
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
        line = (
            " The line is what the choice was made by, with its 95 % interval."
            if choice.get("fitted")
            else ""
        )
        parts.append(
            picture(
                figures["curves"], f"Time, power and energy of one run against the setting ({unit}).{line}"
            )
        )
    if "front" in figures:
        parts.append(picture(figures["front"], "Energy saved against slowdown, and what each rule picks."))
    if choice.get("picks"):
        parts.append(picks_table(choice))
    parts.append(folded("Checks of the validation", checks_table(validation)))
    if choice.get("fitted"):
        parts.append(folded("All settings", settings_table(choice)))
    return Html("".join(part.text for part in parts))


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
