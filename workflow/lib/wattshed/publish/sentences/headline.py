"""The report's first lines: the main results and how well they are known."""

import json

import pandas as pd

from wattshed.accounts.comparison.accuracy_means import accuracy_means
from wattshed.accounts.comparison.strategy_means import strategy_means
from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.marks.lower_bounds import lower_bound, missing_parts
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.metered_span import metered_span
from wattshed.accounts.runs.stages import stages_frame
from wattshed.compression.judge import BASELINE, WORTH_IT
from wattshed.energy.reading import COMPONENTS, JOULES_PER_KWH
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import TRAINING_WINDOWS, Status
from wattshed.publish.notes.beside_others import disturbed
from wattshed.publish.notes.lower_bounds import at_least
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.clock_choice import choice_sentences
from wattshed.publish.sentences.winner import winner_sentence
from wattshed.publish.typesetting.scales import G_PER_KG, WH_PER_KWH
from wattshed.publish.typesetting.table import plain, significant_text

NAMED_JOBS = 3


def headline(inputs: Inputs) -> list[str]:
    """Plain sentences, the most important first."""
    return [
        winner_sentence(decisions_of(inputs), inputs.unit),
        *_stgnn_sentence(inputs),
        *_cost_sentences(inputs),
        *([_adaptation_sentence(inputs)] if "adaptation" in inputs else []),
        *([_compression_sentence(inputs)] if "compression" in inputs else []),
        *([_clocks_sentence(inputs)] if "choice" in inputs else []),
    ]


def knowledge(inputs: Inputs) -> list[str]:
    """How the study's energies are known, and what was simulated or synthetic."""
    runs = inputs.frame("runs")
    total = stages_frame(runs).iloc[-1]
    sentences = [
        *_alone_sentences(runs, total),
        *_lower_bound_sentences(runs),
        *_constant_sentences(runs),
        *_span_sentences(runs),
    ]
    for status in (Status.MEASURED, Status.ESTIMATED):
        parts = [part for part in COMPONENTS if str(total[f"{part}_status"]).startswith(status)]
        sources = [
            str(source)
            for part in parts
            for source in runs.loc[runs[f"{part}_kwh"].notna(), f"{part}_source"].unique()
        ]
        if parts:
            names = ", ".join(part.upper() for part in parts)
            sentences.append(f"{names} energy is {status} ({'; '.join(dict.fromkeys(sources))}).")
    missing = [part.upper() for part in COMPONENTS if total[f"{part}_status"] == Status.MISSING]
    if missing:
        sentences.append(
            f"{', '.join(missing)} energy is missing, because there is no sensor; it is not counted as zero."
        )
    if not any(str(total[f"{part}_status"]).startswith(Status.MEASURED) for part in COMPONENTS):
        sentences.insert(0, "No energy in this report was measured by a sensor.")
    if "choice" in inputs and any(choice["label"] == "simulated" for choice in inputs.jsons("choice")):
        sentences.append("The GPU clock sweep is simulated: it shows the method, not what a real GPU saves.")
    if inputs.panel.synthetic:
        sentences.append("The panel is synthetic: its loads come from a seeded generator.")
    return sentences


def _alone_sentences(runs: pd.DataFrame, total: pd.Series) -> list[str]:
    """Which share of the jobs had the machine to themselves."""
    alone, others = int(total["alone_jobs"]), int(total["not_alone_jobs"])
    unknown = int(total["jobs"]) - alone - others
    if not alone + others:
        return ["It is not known whether other programs used the machine while the jobs ran."]
    known = f"{alone + others} jobs" if not unknown else f"{alone + others} jobs of which it is known"
    more = f" Of {unknown} jobs it is not known." if unknown else ""
    if not others:
        return [
            f"All {known} had the machine to themselves: others took at most a tenth of its busy time, or of a core."
            f"{more}"
        ]
    marked = add_alone(runs)
    busy_s = marked["own_cpu_s"] + marked["others_cpu_s"]
    share = (100 * marked["others_cpu_s"] / busy_s)[~marked["alone"].fillna(True)].sort_values(
        ascending=False
    )
    named = runs.loc[share.index]
    names = [
        f"{job} ({stage}, {'processors not known' if pd.isna(value) else f'{value:.0f} %'})"
        for stage, job, value in zip(named["stage"], named["job"], share, strict=True)
    ]
    further = f" and {len(names) - NAMED_JOBS} more" if len(names) > NAMED_JOBS else ""
    most = f", up to {share.max():.0f} %" if share.notna().any() else ""
    return [
        f"Only {alone} of {known} had the machine to themselves. Beside the other {others}, other programs took more "
        f"than a tenth of the busy processor time or of a GPU's use{most}: {', '.join(names[:NAMED_JOBS])}{further}."
        f"{more}"
    ]


def _lower_bound_sentences(runs: pd.DataFrame) -> list[str]:
    """Which parts of the machine were there and were not metered, and how many jobs were killed."""
    counts = missing_parts(runs).sum()
    texts = [f"{reason} in {count} of {len(runs)} jobs" for reason, count in counts.items() if count]
    if not texts:
        return []
    return [f"Lower bounds: {'; '.join(texts)}. Every energy with them is at least the one stated."]


def _span_sentences(runs: pd.DataFrame) -> list[str]:
    """Which share of the study's time was metered."""
    span = metered_span(runs)
    if span is not None and span.unmetered_s > 0:
        return [
            f"The meter saw {100 * span.share:.0f} % of the time from the first job's start to the last one's end "
            f"({span.metered_s:.0f} s; pauses of more than a minute left out). What starts the jobs, prepares data, "
            "and collects and publishes results is not in the sums."
        ]
    return []


def _constant_sentences(runs: pd.DataFrame) -> list[str]:
    """The stated numbers that estimates rest on, each with its source."""
    if "constants" not in runs:
        return []
    found = [
        constant for text in runs["constants"].dropna().unique() for constant in json.loads(text).values()
    ]
    texts = dict.fromkeys(
        f"{constant['value']:.3g} {constant['unit']} ({constant['source']})" for constant in found
    )
    return [f"Constants of the estimates: {'; '.join(texts)}."] if texts else []


def _clocks_sentence(inputs: Inputs) -> str:
    choices = inputs.jsons("choice")
    return " ".join(
        (f"{choice['workload']}: " if len(choices) > 1 else "") + " ".join(choice_sentences(choice))
        for choice in choices
    )


def _stgnn_sentence(inputs: Inputs) -> list[str]:
    summary = accuracy_means(inputs.frame("scores"))
    graph = {name: _reads_graph(model["form"]) for name, model in inputs.config["models"].items()}
    graph_models = summary["model"].map(lambda name: graph.get(name, False))
    if not graph_models.any():
        return []
    place = 1 + int(graph_models.to_numpy().argmax())
    best = summary.iloc[place - 1]
    if place == 1:
        return [f"It is the best of the graph models (n = {best['n']} seeds)."]
    behind = 100 * (best["rmse_mean"] / summary["rmse_mean"].iloc[0] - 1)
    return [
        f"The best graph model, {best['model']}, is {_ordinal(place)} of {len(summary)} with "
        f"{plain(best['rmse_mean'], 4)} {inputs.unit}{_interval(best, 'rmse')}, {plain(behind, 1)} % above "
        "the winner."
    ]


def _reads_graph(form: str) -> bool:
    """Whether a family is known here and uses the graph; a study's own family may be unknown to its reader."""
    return form in plugins.names("family") and bool(plugins.load("family", form).reads_graph)


def _cost_sentences(inputs: Inputs) -> list[str]:
    sentences = []
    row = inputs.frame("frontier").sort_values("rmse_mean").iloc[0]
    if pd.notna(row["training_kwh_mean"]):
        joules = significant_text(row["training_kwh_mean"] * JOULES_PER_KWH)
        windows, names = inputs.frame("windows"), TRAINING_WINDOWS
        least = at_least(windows, names, row["model"])
        beside = "; not alone" if disturbed(windows, names, row["model"]) else ""
        sentences.append(
            f"Training {row['model']} once takes {least}{joules} J ({row['energy_status']}, n = "
            f"{row['training_kwh_n']}{beside})."
        )
    runs = inputs.frame("runs")
    total = stages_frame(runs).iloc[-1]
    if pd.notna(total["energy_kwh"]):
        least = "at least " if lower_bound(runs).any() else ""
        sentence = (
            f"The jobs of the study took {least}{significant_text(total['energy_kwh'] * WH_PER_KWH)} Wh of their own "
            f"({total['energy_status']}, n = {total['jobs']} jobs); the whole machine took "
            f"{least}{significant_text(total['machine_kwh'] * WH_PER_KWH)} Wh while they ran"
        )
        if pd.notna(total["co2e_kg"]):
            sources = "; ".join(sorted(runs["co2e_source"].dropna().unique()))
            grams = significant_text(total["co2e_kg"] * G_PER_KG)
            sentence += f". Their own energy is {least}{grams} g CO₂e ({sources})"
        sentences.append(sentence + ".")
    return sentences


def _adaptation_sentence(inputs: Inputs) -> str:
    frame = strategy_means(inputs.frame("adaptation")).sort_values("prequential_rmse_mean", ignore_index=True)
    best = frame.iloc[0]
    several = "parent" in frame
    name = f"{best['parent']}+{best['strategy']}" if several else best["strategy"]
    sentence = (
        f"On the later months, {name} forecasts best: prequential RMSE "
        f"{plain(best['prequential_rmse_mean'], 4)} {inputs.unit}{_interval(best, 'prequential_rmse')}"
    )
    # Only the same checkpoint, left as it is, is a control.
    own = frame[frame["parent"] == best["parent"]] if several else frame
    frozen = own.loc[~own["updated"], "prequential_rmse_mean"]
    if best["updated"] and len(frozen):
        less = 100 * (1 - best["prequential_rmse_mean"] / frozen.iloc[0])
        sentence += f", {plain(less, 1)} % below the same checkpoint without updates"
    return sentence + "."


def _compression_sentence(inputs: Inputs) -> str:
    frame = variant_means(inputs.frame("compression"))
    others = frame[frame["verdict"] != BASELINE]
    found = others[others["verdict"] == WORTH_IT]
    worth = [
        f"{row['parent']}+{row['variant']}" if "parent" in found else str(row["variant"])
        for _, row in found.iterrows()
    ]
    if not worth:
        return f"None of the {len(others)} compressed variants is worth it on this machine."
    return f"Of {len(others)} compressed variants, worth it on this machine: {', '.join(worth)}."


def _interval(row: pd.Series, metric: str) -> str:
    if pd.isna(row[f"{metric}_low"]):
        return f" (n = {row['n']})"
    return f" [{plain(row[f'{metric}_low'], 4)}, {plain(row[f'{metric}_high'], 4)}] (n = {row['n']})"


def _ordinal(place: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(place, f"{place}th")
