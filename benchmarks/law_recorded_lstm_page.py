"""The part on LSTM steps of docs/energy_law_recorded_energy.md, and the table of validations."""

from typing import Any

SCHEMES = {
    "random 5 folds": "random folds",
    "leave one architecture out": "architecture",
    "leave one GPU out": "GPU",
    "leave one layers out": "layers",
    "leave one d_model out": "width",
    "leave one seq out": "length",
    "leave one batch_size out": "batch",
    "leave one input_size out": "input width",
    "leave one hidden_size out": "width",
}


def lstm_part(found: dict[str, Any]) -> list[str]:
    """Steps that were left out of the file of energies, and those that were kept."""
    data = found["lstm"]
    split, report, same = data["source_split"], data["identifiability"], data["same_sizes"]
    slopes = ", ".join(f"{value:,.1f}" for value in split["coefficients"].values())
    worst = max(value for value in report["inflation"].values() if value != "infinite")
    return [
        "## LSTM steps that the source left out\n",
        *_left_out(data["deleted"], data["rows"]),
        "## LSTM steps that the source kept (selected by outcome)\n",
        validation_table(data["validation"]),
        f"{data['rows']} rows of one A100. Least squares on 80 % (seed 42) gives the source's slopes ({slopes}), R2 "
        f"{split['test']['r2']['value']:.3f} and {split['test']['mape']['value']:.1%} on the rest, with an intercept "
        f"of {split['intercept_j']:,.1f} J. **Table 4 prints 3,367.33 as the intercept; that is the mean energy of the "
        f"training part (here {split['mean_training_energy_j']:,.2f} J), since the predictors were centred.** Taken "
        "literally the table misses every step by several times its energy. Three of the four durations agree to r > "
        f"0.9998 (variance inflation up to {worst:,.0f}), so that slopes of tens of thousands of joules cancel; "
        "without negative coefficients that cancelling is not possible, and the fit shows how little the "
        "durations say by themselves.",
        f"{same['rows_that_share']} rows share their predictors with other rows ({same['distinct']} different sets), "
        f"because each of five components is a row of its own: even the mean energy of equal rows misses them by "
        f"{same['mape_of_the_mean']:.1%}. A power law in batch and widths alone is as good as the regression.",
    ]


def _left_out(data: dict[str, Any], released: int) -> list[str]:
    deletion, folds = data["deletion"], data["folds"]
    models = list(next(iter(folds.values())))
    rows = [
        "| steps | rows | " + " | ".join(f"`{name}`" for name in models) + " |",
        "|---|---|" + "---|" * len(models),
    ]
    for part, scores in folds.items():
        label = " (selected by outcome)" if part == "kept" else ""
        cells = [f"R2 {scores[name]['r2']['value']:.2f}, {_mape(scores[name]['mape'])}" for name in models]
        rows.append(f"| {part}{label} | {scores[models[0]]['rows']:,} | {' | '.join(cells)} |")
    return [
        f"The file of energies holds {released} steps of the A100. The source's other file (`{data['file']}`) holds "
        f"the same steps with the same energies, and {deletion['rows'] - deletion['kept']:,} more of the same GPU. "
        f"Least squares fitted to the {released} steps decides which is which: of all steps that this fit meets within "
        f"{deletion['band']:.0%}, {deletion['kept_inside']:.1%} are in the file of energies; of those that are not in "
        f"it, {deletion['deleted_beyond']:.1%} lie beyond its largest error ({deletion['worst_kept']:.1%}). **So these "
        "rows are selected by outcome too, and here the honest numbers can be recomputed:**",
        "\n".join(rows),
        "Random folds, R2 and mean absolute relative error. `of the same sizes`: every size lies in the range of the "
        "kept steps. The durations of the other steps follow from their sizes by laws that give all released durations "
        "to eight digits or more; they are not the laws that the paper prints. **On the steps of the same sizes, a "
        "power law in batch and widths, which needs no duration, is several times as exact as the regression.**",
    ]


def validation_table(data: dict[str, Any]) -> str:
    """Relative errors by model and scheme, with intervals."""
    schemes = list(next(iter(data.values()))["schemes"])
    head = [
        "| model | " + " | ".join(SCHEMES[scheme] for scheme in schemes) + " |",
        "|---|" + "---|" * len(schemes),
    ]
    rows = []
    for name, model in data.items():
        cells = [_mape(model["schemes"][scheme]["mape"]) for scheme in schemes]
        reference = "" if model["before_run"] else " (after the run)"
        rows.append(f"| `{name}`: {model['about']}{reference} | {' | '.join(cells)} |")
    return "\n".join([*head, *rows])


def _mape(measure: dict[str, Any]) -> str:
    ends = "-" if measure["low"] is None else f"{100 * measure['low']:.1f}, {100 * measure['high']:.1f}"
    return f"{100 * measure['value']:.1f} % [{ends}]"
