"""Which setting of the GPU was chosen and why, in plain sentences and in the knob's unit."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from wattshed.clocks.runs import KNOBS
from wattshed.publish.parts.swept import gpu_name, listed
from wattshed.publish.typesetting.table import plain, spaced_percent

SAID_IN_FULL = 3
HEADS = {
    "use": "Run at a lower setting",
    "keep": "Keep the maximum, as no lower setting is shown to be worth it",
    "doubtful": "Keep the maximum, as physics does not explain the saving",
    "refused": "Refused, so that no saving is stated",
}


def knob_title(choice: dict[str, Any]) -> str:
    """What was turned: ``SM clock`` or ``Power limit``."""
    return KNOBS[str(choice["knob"])].title


def answer_words(choice: dict[str, Any]) -> str:
    """What to do, in a few words."""
    unit, maximum = choice["unit"], choice["maximum"]
    if choice["status"] == "use":
        return f"use {choice['setting']} {unit} (maximum {maximum} {unit})"
    if choice["status"] == "doubtful":
        return f"doubtful, keep the maximum of {maximum} {unit}"
    if choice["status"] == "refused":
        return f"sweep refused, keep the maximum of {maximum} {unit}"
    return f"keep the maximum of {maximum} {unit}"


def repeats_words(rows: pd.DataFrame) -> str:
    """``n = 3 to 5 warm repeats per setting``."""
    counts = rows[rows["warm"]].groupby("setting").size()
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low}{f' to {high}' if high > low else ''} warm repeats per setting"


def clock_summary(choices: Sequence[dict[str, Any]]) -> list[str]:
    """What to do in one sentence per status: lower settings first, each with what it saves and costs.

    Of up to three choices, all that is known is said.
    """
    if len(choices) <= SAID_IN_FULL:
        return [
            (f"{gpu_name(choice)}, {choice['workload']}: " if len(choices) > 1 else "")
            + " ".join(choice_sentences(choice))
            for choice in choices
        ]
    found = []
    for status, head in HEADS.items():
        own = [choice for choice in choices if choice["status"] == status]
        if own:
            found.append(f"{head}: {listed(list(map(_brief, own)))}.")
    return found


def _brief(choice: dict[str, Any]) -> str:
    name = f"{gpu_name(choice)}, {choice['workload']}"
    if choice["status"] != "use":
        return name
    saved, slower = (plain(100 * choice[f"{part}_share"], 1) for part in ("saving", "slowdown"))
    return f"{name} at {choice['setting']} of {choice['maximum']} {choice['unit']} (saves {saved} %, {slower} % slower)"


def choice_sentences(choice: dict[str, Any]) -> list[str]:
    """Verdict with its reason, and the savings with intervals if there are any.

    choice: ``clocks/*choice.json``.
    """
    label = "Simulated result" if choice["label"] == "simulated" else f"Result ({choice['label']})"
    said = f"{label}: {choice['verdict']}, {choice['outcome']}; {choice['reason']}."
    sentences = [spaced_percent(said)]
    if choice["saving_share"] is not None:
        unit, noun = choice["unit"], KNOBS[choice["knob"]].noun
        sentences.append(
            f"{choice['candidate']} {unit} against the largest {noun}, {choice['maximum']} {unit}: energy saved "
            f"{_percent(choice, 'saving')}, slowdown {_percent(choice, 'slowdown')} (limit "
            f"{plain(100 * choice['limits']['max_slowdown_share'], 1)} %), n = {choice['candidate_repeats']} against "
            f"{choice['baseline_repeats']} repeats."
        )
    return sentences


def _percent(choice: dict[str, Any], name: str) -> str:
    mean, low, high = (plain(100 * choice[f"{name}_{part}"], 1) for part in ("share", "low", "high"))
    return f"{mean} % [{low}, {high}]"
