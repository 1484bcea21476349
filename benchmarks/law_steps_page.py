"""The page of benchmarks/law_steps.py."""

from collections.abc import Mapping
from typing import Any

NAMES = {
    "law": "laws of kernels",
    "affine_kernels": "affine law for every kernel",
    "roofline_kernels": "roofline for every kernel",
    "efficiency_kernels": "efficiency law for every kernel",
    "affine": "affine in the step's FLOPs",
    "roofline": "roofline of the step",
    "efficiency": "efficiency law of the step",
    "boosting": "gradient boosting",
    "time_power": "true time x power",
}
GOAL_ERROR, GOAL_COVERAGE, GOAL_AFTER = 0.10, 0.85, 0.05


def page(found: Mapping[str, Any]) -> str:
    """Markdown of one run: what was held out, errors by family, and what they say."""
    summary = found["summary"]
    shown = [name for name in NAMES if name in summary["all"]]
    lines = [
        "# Whole training steps, predicted from kernels",
        "",
        f"Made by `make benchmark-law-steps` (seed {found['seed']}) on {found['machine']}, {found['made']}, commit "
        f"{found['commit']}. Energies are {found['energy_status']}.",
        "",
        f"The calibration took {found['calibration_s']:.0f} s: {found['calibration_kernels']} timings of kernels and "
        f"{found['calibration_steps']} training steps. Afterwards {summary['all']['n']} steps of other sizes were "
        "measured. A family's steps are predicted without any step of that family: the laws come from kernels, the "
        "three step terms and the interval from steps of the other families. Rivals have the same kernels and the "
        "same steps: one form of law for every kernel, composed in the same way, or a model of whole steps. True time "
        "x power does not predict, since it needs the step to have run: it shows what a perfect law of time would "
        "leave. An epoch is a window of the meter here. The forms of laws and their terms were chosen on earlier runs "
        "of this machine with other seeds. Arrays of steps have up to 24 MB: beyond that the C library asks for new "
        "pages in every step, which no law here knows.",
        "",
        "Mean absolute errors of joules per step:",
        "",
        "| Family | Steps | "
        + " | ".join(NAMES[name] for name in shown)
        + " | in 90 % interval | after one epoch |",
        "|" + "---|" * (len(shown) + 4),
    ]
    for family, row in summary.items():
        errors = " | ".join(f"{100 * row[name]:.1f} %" for name in shown)
        lines.append(
            f"| {family} | {row['n']} | {errors} | {100 * row['inside']:.0f} % | {100 * row['after']:.1f} % |"
        )
    terms = found["terms"]
    lines += [
        "",
        *sentences(summary),
        "",
        f"A step takes {1e3 * terms['overhead_s']:.2f} ms, {terms['step_factor']:.3f} times the sum of its kernels, "
        f"and {1e9 * 28 * terms['cold_byte_s']:.2f} ns per weight. The last term is the weights' way from memory: a "
        "kernel that is timed again and again has its weights in the cache, a step does not. Every held-out step is in "
        "the JSON file beside this page.",
        "",
    ]
    return "\n".join(lines)


def sentences(summary: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Goals that are met or missed, and rivals that are as good: overall and by family."""
    whole = summary["all"]
    goals = (
        ("the error of left-out families", whole["law"], GOAL_ERROR, whole["law"] <= GOAL_ERROR, "at most"),
        (
            "the share in the interval",
            whole["inside"],
            GOAL_COVERAGE,
            whole["inside"] >= GOAL_COVERAGE,
            "at least",
        ),
        ("the error after one epoch", whole["after"], GOAL_AFTER, whole["after"] <= GOAL_AFTER, "at most"),
    )
    found = [
        f"* {'Met' if met else 'Missed'}: {name} is {100 * value:.1f} %; the goal is {words} {100 * goal:.0f} %."
        for name, value, goal, met, words in goals
    ]
    for name in NAMES:
        if name in ("law", "time_power"):
            continue
        if name not in whole:
            found.append(f"* {NAMES[name]} could not be fitted to the steps.")
            continue
        better = [
            family for family, row in summary.items() if family != "all" and row.get(name, 1e9) <= row["law"]
        ]
        if whole[name] <= whole["law"]:
            found.append(
                f"* **{NAMES[name]} is as good as the laws of kernels or better, over all families.**"
            )
        elif better:
            found.append(f"* {NAMES[name]} is as good or better for {', '.join(better)}.")
    return found
