"""Which clock was chosen and why, in plain sentences."""

from typing import Any

from wattshed.publish.typesetting.table import plain, spaced_percent


def gpu_name(choice: dict[str, Any]) -> str:
    """The GPU, and whether its readings are measured or simulated."""
    gpu, label = str(choice["gpu"]), str(choice["label"])
    return gpu if label in gpu else f"{gpu} ({label})"


def choice_sentences(choice: dict[str, Any]) -> list[str]:
    """Verdict with its reason, and the savings with intervals if there are any.

    choice: ``clocks/*choice.json``.
    """
    label = "Simulated result" if choice["label"] == "simulated" else f"Result ({choice['label']})"
    said = f"{label}: {choice['verdict']}, {choice['outcome']}; {choice['reason']}."
    sentences = [spaced_percent(said)]
    if choice["saving_share"] is not None:
        unit, noun = choice["unit"], "clock" if choice["knob"] == "clock" else "power limit"
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
