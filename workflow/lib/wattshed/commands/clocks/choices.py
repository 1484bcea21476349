"""Choices by the options of the command line, one per GPU, workload and knob."""

import argparse
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose
from wattshed.clocks.choosing.limits import check_limits, limits_for
from wattshed.clocks.choosing.rules.metrics import METRICS
from wattshed.clocks.choosing.rules.registry import MODULES as RULES
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.choice import ChoiceBlock
from wattshed.foundation.faults import Fault

DEFAULT_RULE = "least_energy"
DEFAULT_SLOWDOWN = 0.05
# What the validation compares a document's limits with.
ASKED = ("max_slowdown_share", "lowest_share", "highest_share", "least_saving_share")


def choices_of(
    frame: pd.DataFrame, arguments: argparse.Namespace
) -> list[tuple[dict[str, Any], dict[str, float | None]]]:
    """Each cell's choice document and the limits that were asked for it, by GPU and workload."""
    found = []
    for choice in choose(
        frame, lambda workload: limits_of(arguments, workload), rule_of(arguments), arguments.seed
    ):
        limits = asdict(limits_of(arguments, choice.workload))
        found.append((choice.to_json(), {name: limits[name] for name in ASKED}))
    return sorted(
        found, key=lambda pair: [pair[0][key] or "" for key in ("gpu", "workload", "knob", "gpu_uuid")]
    )


def check_options(arguments: argparse.Namespace) -> None:
    """Raise :class:`Fault` for a rule, a metric or a limit that cannot be; before anything is read."""
    rule_of(arguments)
    if arguments.seed < 0:
        raise Fault(f"--seed is {arguments.seed}: expected 0 or more; correct it.")
    limits_of(arguments, "any")


def rule_of(arguments: argparse.Namespace) -> str:
    """The rule: as given; ``metric`` where only a metric is given; else least energy under the limits."""
    for value, option, known in ((arguments.rule, "--rule", RULES), (arguments.metric, "--metric", METRICS)):
        if value is not None and value not in known:
            raise Fault(f"{option} is {value!r}: expected one of {', '.join(known)}; correct it.")
    if arguments.rule is not None:
        if arguments.metric is not None and arguments.rule != "metric":
            raise Fault(
                f"--metric belongs to --rule metric, but the rule is {arguments.rule}; remove one of them."
            )
        return str(arguments.rule)
    return DEFAULT_RULE if arguments.metric in (None, "energy") else "metric"


def limits_of(arguments: argparse.Namespace, workload: str) -> Limits:
    """The limits of a workload: the plan's if asked for, and over them what the options state."""
    block = ClocksBlock(
        max_slowdown_share=DEFAULT_SLOWDOWN, choice=ChoiceBlock(constraints=arguments.constraints or "none")
    )
    stated = {
        "max_slowdown_share": arguments.max_slowdown,
        "lowest_share": arguments.lowest,
        "highest_share": arguments.highest,
        "least_saving_share": arguments.least_saving,
        "metric": arguments.metric,
        "must_be_stable": arguments.stable or None,
    }
    limits = replace(
        limits_for(block, workload), **{key: value for key, value in stated.items() if value is not None}
    )
    check_limits(limits)
    return limits
