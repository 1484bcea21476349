"""How far the energies of a study can be trusted: the first screen's lines, and the details behind them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from wattshed.accounts.marks.lower_bounds import missing_parts
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.metered_span import metered_span
from wattshed.accounts.runs.stages import stages_frame
from wattshed.energy.reading import COMPONENTS
from wattshed.foundation.vocabulary import Status
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import choices_of

NAMED_JOBS = 3
UNMEASURED = "No energy in this report was measured by a sensor"


def trust_lines(inputs: Inputs) -> list[str]:
    """The shortest answer: sensor or model with its constants, the share of jobs that were alone, of time metered."""
    runs = inputs.frame("runs")
    total = stages_frame(runs).iloc[-1]
    return [
        _basis_line(runs, total),
        _alone_line(total),
        *_span_line(runs),
        *_doubt_lines(inputs, runs),
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
        sentences.insert(0, f"{UNMEASURED}.")
    if "choice" in inputs:
        sentences += simulated_sweeps(choices_of(inputs))
    if inputs.panel.synthetic:
        sentences.append("The panel is synthetic: its loads come from a seeded generator.")
    return sentences


def simulated_sweeps(choices: Sequence[Mapping[str, Any]]) -> list[str]:
    """That clock sweeps are simulated, and how many if others are not."""
    count = sum(choice["label"] == "simulated" for choice in choices)
    if not count:
        return []
    if count == len(choices):
        return ["The GPU clock sweep is simulated: it shows the method, not what a real GPU saves."]
    return [
        f"{count} of {len(choices)} GPU clock sweeps are simulated: they show the method, not what a real GPU saves."
    ]


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
    texts = dict.fromkeys(
        f"{constant['value']:.3g} {constant['unit']} ({constant['source']})" for constant in _constants(runs)
    )
    return [f"Constants of the estimates: {'; '.join(texts)}."] if texts else []


def _basis_line(runs: pd.DataFrame, total: pd.Series) -> str:
    """Sensors by component, or the model with its constants."""
    measured = [part.upper() for part in COMPONENTS if _is(total, part, Status.MEASURED)]
    estimated = [part.upper() for part in COMPONENTS if _is(total, part, Status.ESTIMATED)]
    missing = [part.upper() for part in COMPONENTS if total[f"{part}_status"] == Status.MISSING]
    constants = [f"{constant['value']:.3g} {constant['unit']}" for constant in _constants(runs)]
    by = f" from {' and '.join(dict.fromkeys(constants))}" if constants else ""
    parts = [
        *([f"{_and(measured)} measured by a sensor"] if measured else []),
        *([f"{_and(estimated)} estimated{by}"] if estimated else []),
        *([f"{_and(missing)} missing, not zero"] if missing else []),
    ]
    lead = "Energies" if measured else UNMEASURED
    return f"{lead}: {'; '.join(parts)}."


def _is(total: pd.Series, part: str, status: Status) -> bool:
    return str(total[f"{part}_status"]).startswith(status)


def _alone_line(total: pd.Series) -> str:
    alone, others = int(total["alone_jobs"]), int(total["not_alone_jobs"])
    if not alone + others:
        return "Whether other programs used the machine is not known of any job."
    share = 100 * alone / (alone + others)
    unknown = int(total["jobs"]) - alone - others
    rest = f"; of {unknown} jobs it is not known" if unknown else ""
    return f"{alone} of {alone + others} jobs ({share:.0f} %) had the machine to themselves{rest}."


def _span_line(runs: pd.DataFrame) -> list[str]:
    span = metered_span(runs)
    if span is None or span.unmetered_s <= 0:
        return []
    whole = span.metered_s + span.unmetered_s
    return [f"Metered: {span.metered_s:.0f} of {whole:.0f} s ({100 * span.share:.0f} % of the study's time)."]


def _doubt_lines(inputs: Inputs, runs: pd.DataFrame) -> list[str]:
    """What would mislead a reader who stops here."""
    lines = []
    if missing_parts(runs).to_numpy().any():
        lines.append("Some energies are lower bounds.")
    if inputs.panel.synthetic:
        lines.append("The panel is synthetic.")
    return lines


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _constants(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """The stated numbers that the estimates rest on."""
    if "constants" not in runs:
        return []
    return [
        constant for text in runs["constants"].dropna().unique() for constant in json.loads(text).values()
    ]
