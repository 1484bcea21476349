"""The plan's limits per workload, shipped as defaults: ``clocks.choice.constraints: plan``.

Its own selector took, by priority, the least slowdown (performance), the least EDP (energy) or the least ED2P
(balanced), under ``max_penalty`` and ``min_frequency_ratio``. Here the limits and the metric apply, whatever the rule;
the priority is kept as a label. In its published sweeps 1 of 12 picks kept its own lowest ratio.

Penalty classes are the plan's too. It took the absolute value first, so that a run that was 93 % faster than its cold
baseline was filed as 93 % slower; here the sign is kept.
"""

from dataclasses import dataclass
from typing import Literal

Priority = Literal["performance", "balanced", "energy"]


@dataclass(frozen=True)
class Constraint:
    """max_slowdown_share: largest slowdown; lowest_share: lowest setting over the maximum; metric: what the workload
    is judged by; priority: the plan's word."""

    max_slowdown_share: float
    lowest_share: float
    metric: str
    priority: Priority


PLAN: dict[str, Constraint] = {
    "llama": Constraint(0.05, 0.85, "response_time", "performance"),
    "vit": Constraint(0.20, 0.70, "throughput_per_watt", "balanced"),
    "stablediffusion": Constraint(0.10, 0.80, "user_experience", "balanced"),
    "whisper": Constraint(0.15, 0.75, "energy_per_task", "energy"),
    "lstm": Constraint(0.15, 0.75, "inference_efficiency", "balanced"),
}
OTHERS = Constraint(0.15, 0.75, "energy", "balanced")
# Upper ends of the classes, as shares. The plan's classes leave 30 to 50 % out, which is called large here.
PENALTIES = ((0.10, "acceptable"), (0.20, "noticeable"), (0.30, "significant"), (0.50, "large"))


def plan_constraint(workload: str) -> Constraint:
    """The plan's entry for a workload by its name, in any case and with or without separators."""
    return PLAN.get("".join(letter for letter in workload.lower() if letter.isalnum()), OTHERS)


def penalty_class(slowdown_share: float) -> str:
    """The plan's class of a slowdown; ``faster`` below 0."""
    if slowdown_share < 0:
        return "faster"
    return next((name for most, name in PENALTIES if slowdown_share <= most), "unacceptable")
