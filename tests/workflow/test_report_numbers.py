"""The report's numbers, recomputed from raw outputs without the library."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

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
        yield from (event for event in events if event["event"] == "window" and event["name"] == name)


def truth_of(results):
    panel = load_file(results / "data/panel.safetensors")
    splits = json.loads((results / "data/splits.json").read_text())
    return panel["values"].astype(float), panel["observed"], splits


def forecasts_of(results):
    return {path.stem: load_file(path) for path in (results / "forecasts").glob("*.safetensors")}


def test_the_errors_of_every_model_equal_a_recomputation(results, numbers):
    values, observed, splits = truth_of(results)
    train = slice(splits["train"]["start"], splits["train"]["stop"])
    pairs = observed[train][24:] & observed[train][:-24]
    change = np.where(pairs, np.abs(values[train][24:] - values[train][:-24]), 0)
    naive_scale = change.sum(axis=0) / pairs.sum(axis=0)
    forecasts = forecasts_of(results)
    assert set(numbers["accuracy"]) == set(forecasts)
    for model, made in forecasts.items():
        assert (made["origins"] >= splits["test"]["start"]).all()
        assert (made["origins"] + made["forecast"].shape[2] <= splits["test"]["stop"]).all()
        by_seed = []
        for forecast in made["forecast"].astype(float):
            squared = absolute = volume = spread = cells = 0.0
            scaled = []
            for node in range(values.shape[1]):
                truth, said = [], []
                for row, origin in enumerate(made["origins"]):
                    for ahead in range(forecast.shape[1]):
                        if observed[origin + ahead, node]:
                            truth.append(values[origin + ahead, node])
                            said.append(forecast[row, ahead, node])
                truth, said = np.array(truth), np.array(said)
                squared += ((said - truth) ** 2).sum()
                absolute += np.abs(said - truth).sum()
                volume += np.abs(truth).sum()
                spread += ((truth - truth.mean()) ** 2).sum()
                cells += len(truth)
                scaled.append(np.abs(said - truth).mean() / naive_scale[node])
            by_seed.append(
                {
                    "rmse": np.sqrt(squared / cells),
                    "mae": absolute / cells,
                    "wape": absolute / volume,
                    "r2": 1 - squared / spread,
                    "mase": np.mean(scaled),
                }
            )
        for metric in ("rmse", "mae", "wape", "r2", "mase"):
            values = [scores[metric] for scores in by_seed]
            # R² can be negative; the others are positive, and their means are geometric.
            expected = np.mean(values) if metric == "r2" else np.exp(np.mean(np.log(values)))
            assert numbers["accuracy"][model][f"{metric}_mean"] == pytest.approx(expected, rel=1e-5), (
                model,
                metric,
            )


def test_the_errors_by_node_equal_a_recomputation(results, numbers):
    values, observed, _ = truth_of(results)
    for model, made in forecasts_of(results).items():
        ahead = np.arange(made["forecast"].shape[2])
        hours = made["origins"][:, None] + ahead
        seen, truth = observed[hours], values[hours]
        per_seed = []
        for forecast in made["forecast"].astype(float):
            squared = np.where(seen, (forecast - truth) ** 2, 0).sum(axis=(0, 1))
            per_seed.append(np.sqrt(squared / seen.sum(axis=(0, 1))))
        expected = np.quantile(np.mean(per_seed, axis=0), [0.1, 0.5, 0.9])
        told = numbers["nodes"][model]
        found = [told["rmse_p10"], told["rmse_p50"], told["rmse_p90"]]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


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


def test_the_energies_of_every_model_equal_the_ledgers(results, numbers):
    training, forecasting = {}, {}
    for event in windows_named(results, "epoch"):
        key = (event["labels"]["model"], event["labels"]["seed"])
        training[key] = training.get(key, 0.0) + known_kwh(event["own"])
    for event in windows_named(results, "fit"):
        training[event["labels"]["model"], 0] = known_kwh(event["own"]) / event["repeats"]
    for event in windows_named(results, "forecast"):
        joules = known_kwh(event["own"]) * 3.6e6 / event["repeats"]
        per_1000 = joules / event["values"]["forecasts"] * 1000
        forecasting.setdefault(event["labels"]["model"], []).append(per_1000)
    for model, told in numbers["frontier"].items():
        runs = [kwh for (name, _), kwh in training.items() if name == model]
        assert told["training_kwh_mean"] == pytest.approx(np.mean(runs))
        assert told["forecast_j_per_1000_mean"] == pytest.approx(np.mean(forecasting[model]))


def test_dominated_models_are_those_that_another_beats_in_error_and_energy(results, numbers):
    points = {
        name: (told["rmse_mean"], told["training_kwh_mean"]) for name, told in numbers["frontier"].items()
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


def joules_per_1000_forecasts(results, lineage):
    """Median over the rounds of a comparison."""
    return np.median(
        [
            known_kwh(event["own"]) * 3.6e6 / event["repeats"] / event["values"]["forecasts"] * 1000
            for event in windows_named(results, "measure")
            if event["labels"]["lineage"] == lineage
        ]
    )


def test_the_compression_numbers_equal_a_recomputation(results, numbers):
    compared = pd.concat(pd.read_parquet(path) for path in (results / "compared").glob("*.parquet"))
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
        joules = joules_per_1000_forecasts(results, row["measured_as"])
        assert told[lineage]["energy_j_per_1000_forecasts_mean"] == pytest.approx(joules)


def test_the_chain_numbers_equal_a_recomputation(results, numbers):
    """Every step's errors, energies and pay-back from the compared checkpoints and the ledgers."""
    compared = pd.concat(pd.read_parquet(path) for path in (results / "compared").glob("*.parquet"))
    compared = compared.set_index("lineage")
    # The energy of work shorter than the resolution of the sensors is unknown, not 0.
    made = [
        (event["labels"], known_kwh(event["own"]) or None, event["repeats"])
        for name in ("epoch", "fit", "update", "make", "fine_tune")
        for event in windows_named(results, name)
    ]
    assert set(numbers["chains"]) == {"adapt_first", "reference"}
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


def test_the_choice_of_the_clock_follows_from_the_sweep(results, numbers):
    sweep = pd.read_parquet(results / "clocks/stgnn+replay+prune_half.sweep.parquet")
    choice = numbers["clocks"]["choice"]
    assert choice["workload"] == "stgnn+replay+prune_half"
    assert (sweep["label"] == "simulated").all()
    assert choice["label"] == "simulated"
    warm = sweep[sweep["warm"]]
    assert choice["baseline_repeats"] == (warm["clock_mhz"] == warm["clock_mhz"].max()).sum()
    if choice["status"] == "use":
        medians = warm.groupby("clock_mhz")[["time_s", "energy_j"]].median()
        saving = 1 - medians.loc[choice["clock_mhz"], "energy_j"] / medians["energy_j"].iloc[-1]
        assert choice["saving_share"] == pytest.approx(saving, abs=0.05)
        assert choice["slowdown_share"] <= choice["max_slowdown_share"]


def test_the_page_and_the_table_show_the_computed_numbers(results, numbers):
    """Checks the visible table and not only the hidden numbers; the winner has the least error."""
    page = (results / "report.html").read_text()
    for model, told in numbers["accuracy"].items():
        assert f"{told['rmse_mean']:.4f}" in page, model
    days = pd.read_parquet(results / "accuracy/days.parquet")
    sums = days[days["part"] == "validation"].groupby(["model", "seed"])[["squared", "cells"]].sum()
    rmse = np.exp(np.log(sums["squared"] / sums["cells"]).groupby("model").mean() / 2)
    assert re.search(rf'<p class="lead">{rmse.idxmin()} has the least validation RMSE', page)
    tex = (results / "tables/accuracy.tex").read_text()
    for told in numbers["accuracy"].values():
        assert f"{told['rmse_mean']:.4f}" in tex
