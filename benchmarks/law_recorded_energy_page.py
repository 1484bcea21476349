"""The text of docs/energy_law_recorded_energy.md."""

import re
from typing import Any

from law_recorded_lstm_page import lstm_part, validation_table

# What an earlier re-analysis of the same files found: percent for each scheme, in the order of the page.
EARLIER = {
    "ridge": (7.4, 8.4, 7.4, 7.8, 7.6, 7.6),
    "log_linear": (8.1, 18.6, 416.0, 8.9, 9.4, 10.8),
    "time_power": (4.1, 4.1, 14.6, None, None, None),
}


def page(found: dict[str, Any]) -> str:
    """The whole page from the numbers of the JSON file."""
    parts = [
        "# Models of energy on the steps that the laws' source released",
        "**Recorded by others; not our measurement. The released rows are selected by outcome: every number on them is "
        "optimistic.** Energies of training steps, released by the source of the power laws "
        f"(MansMayaki/MLEnergyConsumption, MIT). Written by `{found['command']}`; {found['origin']}. Numbers with more "
        "digits: `energy_law_recorded_energy.json`.",
        *_selection(found),
        *_published(found),
        *_validation(found),
        *_identified(found),
        *lstm_part(found),
        "## What follows\n",
        "\n".join(_follows(found)),
    ]
    text = "\n\n".join(parts).replace("\n\n\n", "\n\n") + "\n"
    # As everywhere in the documentation, a space stands before the sign.
    return re.sub(r"(\d)%", r"\1 %", text)


def _selection(found: dict[str, Any]) -> list[str]:
    cited, made, real = found["cited"], found["simulated"], found["transformer"]["selection"]
    lstm = found["lstm"]["selection"]
    rows = [
        "| data | points | R2 | MAPE | largest error | band | outside, expected | verdict |",
        "|---|---|---|---|---|---|---|---|",
        f"| all points of the source (cited) | {cited['points']:,} | {cited['r2_test']:.3f} (training part "
        f"{cited['r2_train']:.3f}) | not printed | not printed | | | the honest number |",
        f"| the source's paper (cited) | {cited['kept_points']:,} | {cited['paper_r2']:.3f} | not printed | at most "
        "0.25 | 25 % | | selected by outcome |",
        _selection_row("Transformer rows, released", found["transformer"]["rows"], None, real),
        _selection_row("LSTM rows, released", found["lstm"]["rows"], None, lstm),
        _selection_row(
            "simulated, nothing deleted",
            made["everything"]["rows"],
            made["everything"],
            made["everything_selection"],
        ),
        _selection_row(
            "the same, deleted beyond 25 %", made["kept"]["rows"], made["kept"], made["kept_selection"]
        ),
    ]
    return [
        "## Selected by outcome\n",
        f"The source fits a regression to {cited['points']:,} steps, deletes each step that its own fit misses by more "
        f"than 25 %, in the training part and in the test part, keeps {cited['kept_share']:.1%}, and reports R2 = "
        f"{cited['paper_r2']:.3f}. **On all points its notebook prints R2 = {cited['r2_test']:.3f}** and a mean "
        f"absolute error of {cited['mae_j']:.2f} J ({cited['from']}). The deleted points are not released.",
        "\n".join(rows),
        "`detect_selection` fits least squares to the points and looks at its own errors. No error is beyond the band, "
        "although normal errors with the same quartiles would leave the stated number of points outside; where that "
        "has a chance below 0.1 %, the points are called selected. Errors that are bounded for another reason look the "
        "same, so the verdict is a reason to look for the removed points. For the Transformer rows the source's "
        "notebook shows the deletion; for the LSTM rows the removed points themselves do (below). The simulated steps "
        "have durations of the released ones and log-normal errors of the spread that leaves about the honest R2: "
        "deletion alone makes R2 rise as it does in the paper, and the detector sees it.",
    ]


def _selection_row(name: str, points: int, scores: dict[str, Any] | None, seen: dict[str, Any]) -> str:
    r2 = f"{scores['r2']['value']:.3f}" if scores else "below"
    mape = f"{scores['mape']['value']:.1%}" if scores else "below"
    verdict = "selected by outcome" if seen["selected"] else "no sign of it"
    return (
        f"| {name} | {points:,} | {r2} | {mape} | {seen['worst']:.2f} | {seen['band']:.0%} | "
        f"{seen['expected_outside']:.1f} | {verdict} |"
    )


def _published(found: dict[str, Any]) -> list[str]:
    data = found["transformer"]
    rows = ["| what | known | recomputed: R2 | MAE | MAPE |", "|---|---|---|---|---|"]
    for name, known in (("published_code", "0.958, 7.05 J, 7.8 %"), ("published_paper", "")):
        for part, scores in data["published"][name].items():
            note = known if part == "all" or not known else {"A100": "0.956", "RTX 2080 Ti": "0.934"}[part]
            rows.append(f"| {_words(name)}, {part} | {note} | {_three(scores)} |")
    split = data["source_split"]["test"]
    rows.append(
        f"| the source's ridge on the source's split (67/33) | 0.967, 6.55 J, 7.7 % | {_three(split)} |"
    )
    power = data["power_w"]
    return [
        "## The published regression, on the released Transformer rows\n",
        "\n".join(rows),
        "All of these are selected by outcome. An energy in this file is one reading of the GPU's power times the time "
        f"of the step, so energy is nearly time: the power is {power['median']:.1f} W in the median and "
        f"{power['low']:.0f} to {power['high']:.0f} W in all. The durations are computed from FLOPs, in "
        "pseudo-microseconds (each is 100 microseconds), with one efficiency law for all four operations.",
    ]


def _validation(found: dict[str, Any]) -> list[str]:
    data = found["transformer"]["validation"]
    table = validation_table(data)
    earlier = [
        f"{_words(name)}: " + ", ".join("not stated" if one is None else f"{one:.1f}" for one in values)
        for name, values in EARLIER.items()
    ]
    return [
        "## Steps that a model did not see (selected by outcome)\n",
        table,
        "Mean absolute relative error, with 95 % intervals that draw whole groups (configurations for random folds) "
        "with replacement; a dash where there are fewer than five groups. R2 and errors in joules are in the JSON "
        "file. Published coefficients are not refitted. `time_power` knows the measured time of the very step: it is a "
        "bound, and no rival before a run. Leaving a GPU out is circular here, since the points were kept by a "
        "regression that had seen both GPUs. `num_repeats` is one of the sizes, as recorded energies and FLOPs "
        "are those of all repeats.",
        f"An earlier re-analysis found, in the same order [%]: {'; '.join(earlier)}.",
    ]


def _identified(found: dict[str, Any]) -> list[str]:
    data = found["transformer"]
    report = data["identifiability"]
    (first, second, _), (near, other, r) = report["identical"][0], report["nearly_identical"][0]
    return [
        "## Which coefficients the data can tell\n",
        _coefficients(data["coefficients"], report["columns"]),
        f"J per pseudo-microsecond, fitted to all rows. `{first}` and `{second}` are one column, so that only the sum "
        f"of their coefficients is identified: exchanging the two changes no prediction. `{near}` and `{other}` have r "
        f"= {r:.4f} and variance inflations of {report['inflation'][near]:.0f} and {report['inflation'][other]:.0f}: a "
        "negative coefficient of one is paid back by the other, and neither is a cost of its operation. Rank "
        f"{report['rank']} of {len(report['columns'])}; condition with a column of ones {report['raw_condition']:.1e}. "
        "The bootstrap in the source's notebook shows the same: its interval for the coefficient of the scores reaches "
        "from -1.8e12 to 2.2e12 (cited).",
    ]


def _coefficients(data: dict[str, Any], columns: list[str]) -> str:
    sums = list(next(iter(data.values()))["sums"])
    short = [name.removesuffix("_pseudo_us") for name in columns]
    head = f"| model | intercept [J] | {' | '.join(short)} |{''.join(' sum of the identical pair |' for _ in sums)}"
    rows = [head, "|---|---|" + "---|" * (len(columns) + len(sums))]
    for name, one in data.items():
        values = [one["coefficients"][column] for column in columns] + [one["sums"][pair] for pair in sums]
        rows.append(
            f"| `{name}` | {one['intercept_j']:,.2f} | {' | '.join(f'{value:,.4f}' for value in values)} |"
        )
    return "\n".join(rows)


def _follows(found: dict[str, Any]) -> list[str]:
    data = found["transformer"]["validation"]

    def percent(model: str, scheme: str) -> str:
        return f"{data[model]['schemes'][scheme]['mape']['value']:.1%}"

    folds = found["lstm"]["deleted"]["folds"]
    kept, honest = (folds[part]["least_squares"]["r2"]["value"] for part in ("kept", "all steps"))
    out, gpu = "leave one architecture out", "leave one GPU out"
    return [
        f"- R2 = 0.958 belongs beside 0.567, and the LSTM's {kept:.2f} beside {honest:.2f}; wattshed deletes no "
        "measured step by its error.",
        f"- Without negative coefficients, and with errors in percent, the regression predicts a left-out architecture "
        f"to {percent('non_negative_relative', out)}, against {percent('ridge', out)} of the source's ridge and "
        f"{percent('published_code', out)} of the published coefficients, which have seen both. The differences are "
        "small beside the selection.",
        f"- Trees are the ceiling for steps like those measured ({percent('boosted_trees', 'random 5 folds')} in "
        f"random folds); on a GPU that they did not see they miss by {percent('boosted_trees', gpu)}, and a power law "
        f"in sizes by {percent('log_linear', gpu)}. A new device has to be calibrated.",
        "- Where the time of a step is known, no regression is needed: time x median power misses by "
        f"{percent('time_power', 'random 5 folds')}.",
    ]


def _three(scores: dict[str, Any]) -> str:
    return f"{scores['r2']['value']:.3f} | {scores['mae_j']['value']:.2f} J | {scores['mape']['value']:.1%}"


def _words(name: str) -> str:
    return name.replace("_", " ")
