"""What each technique brought, as better, undecided or worse; one list of sentences per section of the report."""

import math

import pandas as pd

from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.marks.lower_bounds import lower_bound
from wattshed.accounts.runs.stages import stages_frame
from wattshed.accounts.standings.adaptation_outcomes import adaptation_outcomes
from wattshed.compression.judge import BASELINE, NOT_AVAILABLE
from wattshed.foundation.vocabulary import Comparison, Worth
from wattshed.publish.parts.class_words import says_classes
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import choices_of
from wattshed.publish.sentences.claims import claims_sentence
from wattshed.publish.sentences.classes import class_sentences
from wattshed.publish.sentences.clock_choice import clock_summary
from wattshed.publish.sentences.controls import control_sentences
from wattshed.publish.sentences.memory import memory_sentences
from wattshed.publish.sentences.predictions import prediction_sentences
from wattshed.publish.sentences.what_to_use import recommended_sentences
from wattshed.publish.typesetting.scales import G_PER_KG, WH_PER_KWH
from wattshed.publish.typesetting.table import plain, significant_text

HEADS = {
    Comparison.BETTER: "Better than no update",
    Comparison.NOT_TOLD_APART: "Undecided",
    Comparison.WORSE: "Worse than no update",
}


def section_sentences(inputs: Inputs) -> dict[str, list[str]]:
    """Sentences by the section that they open."""
    return {
        "classes": classes_of(inputs) if "classes" in inputs and says_classes(inputs) else [],
        "controls": control_sentences(inputs),
        "claims": [claims_sentence(inputs.frame("claims"))] if "claims" in inputs else [],
        "stages": total_sentences(inputs),
        "predictions": prediction_sentences(inputs.frame("compared_predictions"))
        if "compared_predictions" in inputs
        else [],
        "memory": memory_sentences(inputs.frame("memory_steps")) if "memory_steps" in inputs else [],
        "adaptation": adaptation_sentences(inputs.frame("adaptation"), inputs.frame("adaptation_days"))
        if "adaptation" in inputs
        else [],
        "compression": compression_sentences(inputs.frame("compression")) if "compression" in inputs else [],
        "chains": chain_sentences(inputs.frame("chains")) if "chains" in inputs else [],
        "recommended": recommended_sentences(inputs) if "checkpoints" in inputs else [],
        "clocks": clock_sentences(inputs) if "choice" in inputs else [],
    }


def classes_of(inputs: Inputs) -> list[str]:
    """Accuracies of controls and networks."""
    config = inputs.config
    return class_sentences(inputs.frame("classes"), config["models"], config["recipes"])


def total_sentences(inputs: Inputs) -> list[str]:
    """Energy and mass of all jobs."""
    runs = inputs.frame("runs")
    total = stages_frame(runs).iloc[-1]
    if pd.isna(total["energy_kwh"]):
        return ["The energy of the study's jobs is unknown."]
    least = "at least " if lower_bound(runs).any() else ""
    sentence = (
        f"The jobs of the study took {least}{significant_text(total['energy_kwh'] * WH_PER_KWH)} Wh of their own "
        f"({total['energy_status']}, n = {total['jobs']} jobs); the whole machine took "
        f"{least}{significant_text(total['machine_kwh'] * WH_PER_KWH)} Wh while they ran."
    )
    if pd.isna(total["co2e_kg"]):
        return [sentence]
    sources = "; ".join(sorted(runs["co2e_source"].dropna().unique()))
    grams = significant_text(total["co2e_kg"] * G_PER_KG)
    return [sentence, f"Their own energy is {least}{grams} g CO₂e ({sources})."]


def adaptation_sentences(summary: pd.DataFrame, days: pd.DataFrame) -> list[str]:
    """Strategies by outcome, each with its change of error on months that were not learned yet."""
    frame = adaptation_outcomes(summary, days)
    sentences = []
    for outcome, head in HEADS.items():
        names = [
            f"{row['parent']}+{row['strategy']} ({_percent(row)})"
            for row in frame[frame["outcome"] == outcome].to_dict("records")
        ]
        if names:
            sentences.append(f"{head}: {', '.join(names)}.")
    return sentences


def compression_sentences(rows: pd.DataFrame) -> list[str]:
    """Variants by verdict: what is worth it comes first, and what cannot run here last."""
    frame = variant_means(rows)
    variants: dict[str, list[str]] = {str(verdict): [] for verdict in (*Worth, NOT_AVAILABLE)}
    for row in frame[frame["verdict"] != BASELINE].to_dict("records"):
        variants[str(row["verdict"])].append(_variant(row))
    return [f"{verdict.capitalize()}: {', '.join(names)}." for verdict, names in variants.items() if names]


def chain_sentences(frame: pd.DataFrame) -> list[str]:
    """After how many forecasts each whole chain has paid for itself."""
    last = frame[frame["place"] > 0].groupby("chain", sort=False).tail(1)
    never = [
        row["chain"] for row in last.to_dict("records") if math.isinf(row["chain_payback_forecasts_mean"])
    ]
    pays = [
        f"{row['chain']} pays for itself after {row['chain_payback_forecasts_mean']:,.0f} forecasts of one node."
        for row in last.to_dict("records")
        if math.isfinite(row["chain_payback_forecasts_mean"])
    ]
    if never:
        pays.append(f"Never pays, because its forecasts cost as much or more: {', '.join(never)}.")
    return pays


def clock_sentences(inputs: Inputs) -> list[str]:
    """The choices of all sweeps."""
    return clock_summary(choices_of(inputs))


def _variant(row: dict[object, object]) -> str:
    return f"{row['parent']}+{row['variant']}" if "parent" in row else str(row["variant"])


def _percent(row: dict[object, float]) -> str:
    """``-1.6 % [-2.0, -1.2]``; without ends where the days are too few."""
    ends = ", no interval"
    if pd.notna(row["change_low"]):
        ends = f" [{plain(100 * row['change_low'], 1)}, {plain(100 * row['change_high'], 1)}]"
    return f"{plain(100 * row['change_share'], 1)} %{ends}"
