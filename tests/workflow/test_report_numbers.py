"""The report's numbers, recomputed from raw outputs without the library."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from recomputed import change_interval
from report_figures import report_figures
from shown_figures import html_tables

pytestmark = pytest.mark.workflow


@pytest.fixture
def numbers(results):
    page = (results / "report.html").read_text()
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def ledger_events(results):
    for path in sorted(results.glob("ledger/**/*.jsonl")):
        yield [json.loads(line) for line in path.read_text().splitlines()]


def known_kwh(energy):
    return sum(part["kwh"] for part in energy.values() if part["kwh"] is not None)


def windows_named(results, name):
    for events in ledger_events(results):
        # Trainings at rolling origins are runs of their own, and calibrations are of no model.
        if events[0]["stage"] not in ("rolling", "calibration", "memory"):
            yield from (event for event in events if event["event"] == "window" and event["name"] == name)


@pytest.fixture(scope="module")
def figures(finished):
    return report_figures(finished.folder / "results/tiny")


def test_at_least_250_figures_of_the_report_and_its_tables_are_computed_again(figures):
    counts = {place: sum(one.place == place for one in figures) for place in ("json", "report", "latex")}
    assert len(figures) >= 250, counts
    assert min(counts.values()) >= 50, counts
    assert len({(one.place, one.what) for one in figures}) == len(figures), "a figure is counted twice"


def test_no_figure_disagrees_with_its_recomputation_from_raw_outputs(figures):
    assert [one for one in figures if not one.agrees] == []


def test_the_energy_and_mass_of_every_stage_equal_the_ledgers(results, numbers):
    totals = {}
    for events in ledger_events(results):
        stage, end = events[0]["stage"], events[-1]
        kwh, kg, jobs = totals.get(stage, (0.0, 0.0, 0))
        spent = known_kwh(end["own"])
        factor = events[0]["location"]["intensity_kg_per_kwh"]
        totals[stage] = (kwh + spent, kg + spent * factor, jobs + 1)
    for stage, (kwh, kg, jobs) in totals.items():
        told = numbers["energy"][stage]
        assert told["energy_kwh"] == pytest.approx(kwh)
        assert told["co2e_kg"] == pytest.approx(kg)
        assert told["jobs"] == jobs
    # Other tests may have had jobs of this study measured again: what they spent stays in the total.
    kept = {events[0]["record_id"] for events in ledger_events(results)}
    spent = [
        [json.loads(line) for line in path.read_text().splitlines()]
        for path in results.glob("spent/**/*.spent")
    ]
    superseded = sum(known_kwh(events[-1]["own"]) for events in spent if events[0]["record_id"] not in kept)
    assert numbers["energy"].get("superseded", {"energy_kwh": 0.0})["energy_kwh"] == pytest.approx(superseded)
    assert numbers["energy"]["total"]["energy_kwh"] == pytest.approx(
        sum(kwh for kwh, _, _ in totals.values()) + superseded
    )


def test_dominated_models_are_those_that_another_beats_in_error_and_energy(results, numbers):
    points = {
        name: (told["rmse_mean"], told["training_kwh_mean"])
        for name, told in numbers["frontier"].items()
        if told["training_kwh_mean"] is not None
    }
    # What needs no fit has no energy to compare, and so no place.
    assert {name for name, told in numbers["frontier"].items() if told["dominated"] is None} == {
        "persistence",
        "seasonal_24h",
    }
    for name, point in points.items():
        beaten = any(
            other[0] <= point[0] and other[1] <= point[1] and other != point for other in points.values()
        )
        assert numbers["frontier"][name]["dominated"] == beaten


@pytest.mark.parametrize("lineage", ["stgnn+frozen", "stgnn+replay", "stgnn_reference+prune_half+replay"])
def test_the_continual_learning_numbers_equal_a_recomputation(results, numbers, lineage):
    rows = pd.read_parquet(results / f"adaptation/{lineage}.parquet")
    k = rows["learned"].max()
    months = [f"CL_{number}" for number in range(1, k + 1)]
    assert k >= 2, "with one month there is no transfer to check"
    part = rows[(rows["lineage"] == lineage) & (rows["phase"] == "held_out")]
    error = {(row.learned, row.task): row.rmse for row in part.itertuples()}
    told = numbers["adaptation"][lineage]
    assert told["acc_rmse_mean"] == pytest.approx(np.mean([error[k, month] for month in months]))
    backward = [error[j + 1, months[j]] - error[k, months[j]] for j in range(k - 1)]
    assert told["bwt_rmse_mean"] == pytest.approx(np.mean(backward))
    if lineage.startswith("stgnn+"):
        # The untrained network is in the matrix of the control.
        control = pd.read_parquet(results / "adaptation/stgnn+frozen.parquet")
        untrained = control[control["strategy"] == "random"].set_index("task")["rmse"]
        forward = [untrained[months[j]] - error[j, months[j]] for j in range(1, k)]
        assert told["fwt_rmse_mean"] == pytest.approx(np.mean(forward))
    else:
        assert told["fwt_rmse_mean"] is None
    forgotten = []
    for j in range(k - 1):
        least = min(error[i, months[j]] for i in range(k))
        forgotten.append((error[k, months[j]] - least) / least)
    assert told["forgetting_share_mean"] == pytest.approx(np.mean(forgotten))
    assert told["base_rmse_after_mean"] == pytest.approx(error[k, "base"])
    before = rows[(rows["lineage"] == lineage) & (rows["phase"] == "prequential")]
    pooled = np.sqrt((before["rmse"] ** 2 * before["cells"]).sum() / before["cells"].sum())
    assert told["prequential_rmse_mean"] == pytest.approx(pooled)
    spent = [
        known_kwh(event["own"])
        for event in windows_named(results, "update")
        if event["labels"]["lineage"] == lineage
    ]
    assert told["updates_mean"] == len(spent)
    assert told["kwh_per_update_mean"] == (pytest.approx(np.mean(spent)) if spent else None)


def test_the_predictions_are_compared_with_what_the_ledgers_say(results, numbers):
    """Joules per step, epoch and training from raw windows, and the errors of the predictions from both documents."""
    document = json.loads((results / "law/predictions.json").read_text())
    predicted = {one["model"]: one for one in document["models"]}
    assert set(numbers["predictions"]) == {name for name, one in predicted.items() if one["why_none"] is None}
    for model, told in numbers["predictions"].items():
        epochs = [one for one in windows_named(results, "epoch") if one["labels"]["model"] == model]
        joules = np.array([known_kwh(one["own"]) * 3.6e6 for one in epochs])
        shares = np.array([1 - one["values"]["looking_s"] / one["duration_s"] for one in epochs])
        steps = pd.read_parquet(results / f"checkpoints/{model}.epochs.parquet")["steps"]
        step_j = (joules * shares).sum() / steps.sum()
        assert told["step"]["measured_j"] == pytest.approx(step_j)
        assert told["epoch"]["measured_j"] == pytest.approx(joules.mean())
        assert told["training"]["measured_j"] == pytest.approx(joules.sum())
        cost = predicted[model]["step"]
        assert told["step"]["error"] == pytest.approx(abs(cost["energy_j"] / step_j - 1))
        assert told["step"]["inside"] == (cost["energy_low_j"] <= step_j <= cost["energy_high_j"])


def joules_per_1000_forecasts(results, lineage):
    """Median over the rounds of a comparison."""
    return np.median(
        [
            known_kwh(event["own"]) * 3.6e6 / event["repeats"] / event["values"]["forecasts"] * 1000
            for event in windows_named(results, "measure")
            if event["labels"]["lineage"] == lineage
        ]
    )


def compared_tables(results):
    """Compared checkpoints, and their errors by day."""
    paths = sorted((results / "compared").glob("*.parquet"))
    by_day = [path for path in paths if path.name.endswith(".days.parquet")]
    rows = [path for path in paths if path not in by_day]
    return tuple(pd.concat(pd.read_parquet(path) for path in found) for found in (rows, by_day))


def change_over_days(days, part, lineage, base):
    """Relative change of RMSE with its interval over seeds and blocks of days."""
    own = days[(days["part"] == part) & (days["cells"] > 0)]
    tables = [
        own[own["lineage"] == name].pivot(index="seed", columns="day", values="squared")
        for name in (lineage, base)
    ]
    numbers = np.array(tables[0].columns.tolist(), dtype="datetime64[D]").astype(np.int64)
    return change_interval(*(table.to_numpy() for table in tables), numbers)


def test_the_compression_numbers_equal_a_recomputation(results, numbers):
    compared, days = compared_tables(results)
    compared = compared.set_index("lineage")
    told = numbers["compression"]
    variants = compared[compared["kind"] == "method"]
    assert set(told) == {*variants.index, *variants["parent"]}
    for lineage, row in variants.iterrows():
        if told[lineage]["verdict"] == "not available here":
            continue
        assert told[lineage]["rmse_mean"] == pytest.approx(row["rmse"])
        change = row["rmse"] / compared.loc[row["parent"], "rmse"] - 1
        assert told[lineage]["rmse_change_share_mean"] == pytest.approx(change, abs=1e-9)
        ends = change_over_days(days, "test", lineage, row["parent"])
        shown = [told[lineage][f"rmse_change_share_{end}"] for end in ("mean", "low", "high")]
        assert shown == pytest.approx(list(ends), abs=1e-9)
        joules = joules_per_1000_forecasts(results, row["measured_as"])
        assert told[lineage]["energy_j_per_1000_forecasts_mean"] == pytest.approx(joules)


def test_the_chain_numbers_equal_a_recomputation(results, numbers):
    """Every step's errors, energies and pay-back from the compared checkpoints and the ledgers."""
    compared, days = compared_tables(results)
    compared = compared.set_index("lineage")
    # The energy of work shorter than the resolution of the sensors is unknown, not 0.
    made = [
        (event["labels"], known_kwh(event["own"]) or None, event["repeats"])
        for name in ("epoch", "fit", "update", "make", "fine_tune")
        for event in windows_named(results, name)
    ]
    assert set(numbers["chains"]) == {"adapt_first", "reference", "toys"}
    for steps in numbers["chains"].values():
        base, *_ = steps
        total, parent, base_own, base_joules = 0.0, None, None, None
        for lineage, told in steps.items():
            energies = [
                None if kwh is None else kwh * 3.6e6 / repeats
                for labels, kwh, repeats in made
                if labels.get("lineage", labels["model"]) == lineage
            ]
            own = None if None in energies else sum(energies)
            total = None if own is None or total is None else total + own
            joules = joules_per_1000_forecasts(results, compared.loc[lineage, "measured_as"])
            change = compared.loc[lineage, "later_rmse"] / compared.loc[base, "later_rmse"] - 1
            assert told["own_j_mean"] == (None if own is None else pytest.approx(own))
            assert told["total_j_mean"] == (None if total is None else pytest.approx(total))
            assert told["j_per_1000_mean"] == pytest.approx(joules)
            assert told["later_rmse_change_share_mean"] == pytest.approx(change, abs=1e-9)
            if parent is not None:
                ends = change_over_days(days, "later", lineage, base)
                shown = [told[f"later_rmse_change_share_{end}"] for end in ("mean", "low", "high")]
                assert shown == pytest.approx(list(ends), abs=1e-9)
            if parent is not None:
                saved = (parent - joules) / 1000
                pays = None if own is None or saved <= 0 else own / saved
                assert told["payback_forecasts_mean"] == (None if pays is None else pytest.approx(pays))
                spent = None if total is None else total - base_own
                saved = (base_joules - joules) / 1000
                pays = None if spent is None or saved <= 0 else spent / saved
                assert told["chain_payback_forecasts_mean"] == (None if pays is None else pytest.approx(pays))
            else:
                base_own, base_joules = own, joules
            parent = joules


@pytest.mark.parametrize("work", ["inference", "training"])
def test_the_choice_of_the_clock_follows_from_the_sweep(results, numbers, work):
    name = f"stgnn+replay+prune_half.{work}"
    sweep = pd.read_parquet(results / f"clocks/{name}.sweep.parquet")
    choice = numbers["clocks"][name]["choice"]
    assert choice["workload"] == f"stgnn+replay+prune_half {work}"
    assert (sweep["label"] == "simulated").all()
    assert choice["label"] == "simulated"
    warm = sweep[sweep["warm"]]
    assert choice["baseline_repeats"] == (warm["setting"] == warm["setting"].max()).sum()
    if choice["status"] == "use":
        medians = warm.groupby("setting")[["time_s", "energy_j"]].median()
        saving = 1 - medians.loc[choice["setting"], "energy_j"] / medians["energy_j"].iloc[-1]
        assert choice["saving_share"] == pytest.approx(saving, abs=0.05)
        assert choice["slowdown_share"] <= choice["limits"]["max_slowdown_share"]


def test_the_tables_of_clocks_show_the_choices_own_numbers(results, numbers):
    """Table, note and figure are of one estimator: what the choice was made by."""
    tables = html_tables((results / "report.html").read_text())
    cells = list(numbers["clocks"].values())
    for place, cell in enumerate(cells, start=1):
        choice = cell["choice"]
        rows = tables[f"clocks-{place}"]
        fitted = {str(row["setting"]): row for row in choice["fitted"]}
        assert [row["SM clock MHz"] for row in rows] == sorted(fitted, key=int, reverse=True)
        for row in rows[1:]:
            own = fitted[row["SM clock MHz"]]
            assert float(row["Saved %"].rstrip("‡")) == pytest.approx(100 * own["saving_share"], abs=0.051)
            assert float(row["Energy J"].rstrip("‡")) == pytest.approx(own["energy_j"], rel=0.01)
    assert len(tables["clock_answers"]) == len(cells)
    told = sorted(row["Run at"].split()[0] for row in tables["clock_answers"])
    assert told == sorted(str(cell["choice"]["setting"]) for cell in cells)


def test_the_validator_and_the_governor_are_told_as_their_files_have_them(results, numbers):
    checks = json.loads((results / "clocks/validation.json").read_text())["validations"]
    assert [one["result"] for one in numbers["clock_checks"]] == [one["result"] for one in checks]
    mixes = json.loads((results / "clocks/governor.json").read_text())["mixes"]
    (every,) = (one for one in numbers["clock_governor"] if one["kind"] == "all")
    assert every["mixes"] == len(mixes)
    assert every["saving_share_median"] == pytest.approx(np.median([one["saving_share"] for one in mixes]))
    standings = pd.read_parquet(results / "clocks/prediction_standings.parquet")
    assert len(numbers["clock_predictions"]) == len(standings)


def test_the_first_screen_names_the_model_of_least_validation_error(results, numbers):
    page = (results / "report.html").read_text()
    best = numbers["decision"]["best"]
    assert f"<dt>Which model is best?</dt><dd>{best} (chosen on validation): test RMSE" in page
    validation = results / "forecasts/validation"
    panel, splits = (
        load_file(results / "data/panel.safetensors"),
        json.loads((results / "data/splits.json").read_text()),
    )
    errors = {}
    for path in validation.glob("*.safetensors"):
        made = load_file(path)
        assert (made["origins"] >= splits["validation"]["start"]).all()
        hours = made["origins"][:, None] + np.arange(made["forecast"].shape[2])
        error = np.where(
            panel["observed"][hours], made["forecast"] - np.nan_to_num(panel["values"][hours]), 0
        )
        errors[path.stem] = float(np.sqrt((error.astype(float) ** 2).sum(axis=(1, 2, 3))).mean())
    assert min(errors, key=errors.get) == best
