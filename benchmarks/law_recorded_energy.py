"""Write docs/energy_law_recorded_energy.md and .json: models of energy on the energies that the source released."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from law_recorded_energy_page import page
from page_parts import ROOT

from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.law.energy.deleted_lstm import EVERYTHING_FILE, deletion, read_all_lstm_energies, within_sizes
from wattshed.law.energy.identifiability import identifiability
from wattshed.law.energy.linear import LinearEnergy
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.points import EnergyPoints
from wattshed.law.energy.recorded import (
    LSTM_FILE,
    TRANSFORMER_FILE,
    read_lstm_energy,
    read_transformer_energy,
)
from wattshed.law.energy.scores import Scores, score
from wattshed.law.energy.selection import (
    BAND,
    CITED,
    CITED_FROM,
    Selection,
    detect_selection,
    smallest_round_band,
)
from wattshed.law.energy.validation import leave_one_group_out, random_folds

COMMAND = "make benchmark-law-recorded-energy"
TRANSFORMER_MODELS = (
    "published_code",
    "published_paper",
    "least_squares",
    "ridge",
    "non_negative",
    "non_negative_ridge",
    "non_negative_relative",
    "log_linear",
    "boosted_trees",
    "time_power",
)
LSTM_MODELS = (
    "published_lstm_as_printed",
    "published_lstm_centred",
    "least_squares",
    "ridge",
    "non_negative",
    "non_negative_relative",
    "log_linear",
    "boosted_trees",
)
TRANSFORMER_GROUPS = ("architecture", "GPU", "layers", "d_model", "seq")
LSTM_GROUPS = ("batch_size", "input_size", "hidden_size")
# A simulated source: as many points as fit a quick run, with errors that leave a fit about as good as the honest one.
SIMULATED_POINTS, SIMULATED_NOISE = 20_000, 0.38


def scores_json(scores: Scores) -> dict[str, Any]:
    return asdict(scores) | {"label": scores.label}


def validations(
    points: EnergyPoints, names: tuple[str, ...], groups: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """Scores by model and scheme."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        model = energy_model(name)
        held = [random_folds(model, points, clusters="configuration")]
        held += [leave_one_group_out(model, points, group) for group in groups]
        found[name] = {
            "about": model.about,
            "before_run": model.before_run,
            "schemes": {one.scheme: scores_json(one.scores) for one in held},
        }
        print(name, *(f"{100 * one.scores.mape.value:.1f} %" for one in held), flush=True)
    return found


def coefficients(points: EnergyPoints, names: tuple[str, ...]) -> dict[str, Any]:
    """Intercept, coefficients and sums of identical columns of the linear models, fitted to all points."""
    report = identifiability(points)
    found = {}
    for name in names:
        fitted = energy_model(name).fit(points)
        if isinstance(fitted, LinearEnergy):
            found[name] = {
                "intercept_j": fitted.intercept_j,
                "coefficients": dict(fitted.coefficients),
                "sums": report.sums(fitted.coefficients),
            }
    return found


def by_gpu(points: EnergyPoints) -> dict[str, dict[str, Any]]:
    """The published coefficients as they are, on all points and on each GPU."""
    found = {}
    for name in ("published_code", "published_paper"):
        predicted = energy_model(name).fit(points).predict(points)
        parts = {"all": np.ones(len(points), bool)}
        parts |= {gpu: points.groups["GPU"] == gpu for gpu in np.unique(points.groups["GPU"])}
        found[name] = {
            part: scores_json(
                score(points.energy_j[rows], predicted[rows], selected_by_outcome=points.selected_by_outcome)
            )
            for part, rows in parts.items()
        }
    return found


def source_split(points: EnergyPoints, model: str, share: float, strata: list[str] | None) -> dict[str, Any]:
    """Scores on the test part of the source's own split, seed 42, with the fitted numbers."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(len(points)), test_size=share, stratify=strata, random_state=42)
    fitted = energy_model(model).fit(points.take(train))
    assert isinstance(fitted, LinearEnergy)
    scores = score(
        points.energy_j[test],
        fitted.predict(points.take(test)),
        selected_by_outcome=points.selected_by_outcome,
    )
    return {
        "intercept_j": fitted.intercept_j,
        "coefficients": dict(fitted.coefficients),
        "mean_training_energy_j": float(points.energy_j[train].mean()),
        "test": scores_json(scores),
    }


def simulated(points: EnergyPoints) -> dict[str, Any]:
    """What deleting by a model's own error does to unselected points; their durations are drawn from the real ones."""
    random = np.random.default_rng(0)
    rows = random.integers(len(points), size=SIMULATED_POINTS)
    plain = points.take(rows)
    truth = energy_model("non_negative_relative").fit(points).predict(plain)
    energy = truth * np.exp(SIMULATED_NOISE * random.standard_normal(SIMULATED_POINTS))
    everything = EnergyPoints(
        "simulated steps", plain.predictors, plain.predictor_names, energy, groups=plain.groups
    )
    errors = energy_model("least_squares").fit(everything).predict(everything) / energy - 1
    kept = everything.take(np.abs(errors) <= BAND)
    found: dict[str, Any] = {"kept_share": len(kept) / len(everything)}
    for name, part in (("everything", everything), ("kept", kept)):
        predicted = energy_model("least_squares").fit(part).predict(part)
        found[name] = scores_json(score(part.energy_j, predicted, selected_by_outcome=name == "kept"))
        found[f"{name}_selection"] = selection_json(detect_selection(part, band=smallest_round_band(part)))
    return found


def selection_json(selection: Selection) -> dict[str, Any]:
    return asdict(selection) | {"sentence": selection.sentence()}


def same_sizes(points: EnergyPoints) -> dict[str, float]:
    """How far energies of equal predictors differ: what no model of these predictors can explain."""
    _, member = np.unique(points.predictors, axis=0, return_inverse=True)
    member = member.ravel()
    count = np.bincount(member)
    mean = np.bincount(member, weights=points.energy_j) / count
    spread = points.energy_j - mean[member]
    return {
        "distinct": len(count),
        "rows_that_share": int((count[member] > 1).sum()),
        "mape_of_the_mean": float(
            np.abs(spread[count[member] > 1] / points.energy_j[count[member] > 1]).mean()
        ),
    }


def deleted_lstm(data: Path, lstm: EnergyPoints) -> dict[str, Any]:
    """Random folds on all LSTM steps, on those within the sizes of the kept ones, and on the kept ones."""
    everything, kept = read_all_lstm_energies(data / EVERYTHING_FILE, lstm)
    parts = {
        "all steps": everything,
        "of the same sizes": everything.take(within_sizes(everything, kept)),
        "kept": lstm,
    }
    names = ("least_squares", "non_negative_relative", "log_linear", "boosted_trees")
    return {
        "file": EVERYTHING_FILE,
        "deletion": asdict(deletion(everything, kept, energy_model("least_squares"))),
        "folds": {
            part: {
                name: scores_json(random_folds(energy_model(name), points, clusters="configuration").scores)
                for name in names
            }
            for part, points in parts.items()
        },
    }


def measured(data: Path) -> dict[str, Any]:
    transformer = read_transformer_energy(data / TRANSFORMER_FILE)
    lstm = read_lstm_energy(data / LSTM_FILE)
    machine = describe_machine()
    strata = [
        f"{a} {b}"
        for a, b in zip(transformer.groups["architecture"], transformer.groups["layers"], strict=True)
    ]
    power = transformer.energy_j / transformer.measured_time_s
    return {
        "command": COMMAND,
        "recorded_by": "others (MansMayaki/MLEnergyConsumption, MIT); not our measurement",
        "origin": f"{machine['processor']}, {datetime.now(UTC).date().isoformat()}, commit "
        f"{commit_text(describe_commit())}",
        "cited": asdict(CITED) | {"kept_share": CITED.kept_share, "from": CITED_FROM},
        "transformer": {
            "file": TRANSFORMER_FILE,
            "rows": len(transformer),
            "power_w": {
                "median": float(np.median(power)),
                "low": float(power.min()),
                "high": float(power.max()),
            },
            "selection": selection_json(detect_selection(transformer)),
            "identifiability": identifiability(transformer).to_json(),
            "published": by_gpu(transformer),
            "source_split": source_split(transformer, "ridge", 0.33, strata),
            "coefficients": coefficients(transformer, TRANSFORMER_MODELS),
            "validation": validations(transformer, TRANSFORMER_MODELS, TRANSFORMER_GROUPS),
        },
        "lstm": {
            "file": LSTM_FILE,
            "rows": len(lstm),
            "same_sizes": same_sizes(lstm),
            "deleted": deleted_lstm(data, lstm),
            "selection": selection_json(detect_selection(lstm, band=smallest_round_band(lstm))),
            "identifiability": identifiability(lstm).to_json(),
            "source_split": source_split(lstm, "least_squares", 0.2, None),
            "coefficients": coefficients(lstm, LSTM_MODELS),
            "validation": validations(lstm, LSTM_MODELS, LSTM_GROUPS),
        },
        "simulated": simulated(transformer),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the released energies")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/energy_law_recorded_energy.md", help="page to write"
    )
    arguments = parser.parse_args()
    found = measured(arguments.data)
    arguments.output.write_text(page(found), encoding="utf-8")
    arguments.output.with_suffix(".json").write_text(
        json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
