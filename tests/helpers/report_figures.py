"""Every figure that the report, its hidden numbers and the LaTeX tables show, beside the same computed again.

Imports nothing of the package.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recomputed import (
    NAIVE,
    Study,
    benchmark_seconds,
    change_interval,
    day_interval,
    errors_by_node,
    errors_by_seed,
    forecast_joules,
    geometric,
    squares_by_day,
    stage_sums,
    trainings,
)
from shown_figures import Figure, ends, html_tables, latex_tables

PARTS = {"data": "data", "accounts": "accounts", "publish": "publishing"}
STAGE_OF_RULE = {
    "calibrate_device": "calibration",
    "sweep_law": "calibration",
    "train_model": "training",
    "fit_baselines": "training",
    "forecast_test": "inference",
    "adapt_model": "adaptation",
    "compress_model": "compression",
    "compare_checkpoints": "comparison",
    "measure_memory": "memory",
    "sweep_clocks": "clocks",
}
Rows = list[dict[str, str]]


# A rule whose files the report does not read.
BESIDE_THE_REPORT = "export_runs"


def report_figures(results: Path) -> list[Figure]:
    """All figures of one finished study."""
    study = Study(results)
    page = (results / "report.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.DOTALL)
    assert found
    numbers = json.loads(found.group(1))
    shown = html_tables(page)
    tex = {path.stem: latex_tables(path) for path in (results / "tables").glob("*.tex")}
    return [
        *_standings(study, numbers["standings"], {"report": shown["main"], "latex": tex["main"][0]}),
        *_accuracy(study, numbers["accuracy"], {"report": shown["accuracy"], "latex": tex["accuracy"][0]}),
        *_nodes(study, numbers["nodes"], {"report": shown["nodes"], "latex": tex["nodes"][0]}),
        *_stages(study, numbers["energy"], {"report": shown["energy"], "latex": tex["energy"][0]}),
        *_frontier(study, tex["frontier"][0]),
        *_times(study, numbers["time"], shown["time"]),
        *_days(study, {"report": shown["decisions"], "latex": tex["decisions"][0]}),
    ]


def _by(rows: Rows, key: str) -> dict[str, dict[str, str]]:
    return {row[key]: row for row in rows}


def _pick(row: dict[str, str], start: str) -> str:
    """The first column whose name begins so."""
    return next(text for name, text in row.items() if name.startswith(start))


def _interval(row: dict[str, str], after: str) -> tuple[str, str]:
    """Ends of the interval in the column that follows the one whose name begins so."""
    names = list(row)
    place = next(place for place, name in enumerate(names) if name.startswith(after))
    return ends(row[names[place + 1]])


def _standings(study: Study, numbers: dict[str, Any], tables: dict[str, Rows]) -> Iterator[Figure]:
    """The main table: errors with both intervals, change against the best naive, joules, processor seconds."""
    days = {model: squares_by_day(study, model) for model in study.forecasts}
    errors = {model: day_interval(*found)[0] for model, found in days.items()}
    naive = min((model for model in errors if model in NAIVE), key=lambda model: errors[model])
    assert set(numbers) == set(errors)
    for model, told in numbers.items():
        rmse, low, high = day_interval(*days[model])
        seeds = geometric(errors_by_seed(study, model)["rmse"])
        joules, seconds = trainings(study, model)
        change = (
            (None, None, None)
            if model == naive
            else change_interval(days[model][0], days[naive][0], days[model][2])
        )
        energy = geometric(joules) if joules else (0.0, None, None)
        cpu_s = geometric(seconds)[0] if seconds else 0.0
        forecast = geometric(forecast_joules(study, model))
        expected: dict[str, float | None] = {
            "error": rmse,
            # Seeds that give the same forecasts are one run.
            **dict.fromkeys(("seed_low", "seed_high"))
            | ({} if seeds[1] == seeds[2] else {"seed_low": seeds[1], "seed_high": seeds[2]}),
            **dict(zip(("day_low", "day_high"), (low, high), strict=True)),
            **dict(zip(("naive_change_share", "naive_change_low", "naive_change_high"), change, strict=True)),
            **dict(zip(("training_j_mean", "training_j_low", "training_j_high"), energy, strict=True)),
            "cpu_s": cpu_s,
            "forecast_j_mean": forecast[0],
        }
        for name, value in expected.items():
            yield Figure("json", f"{model} {name}", told[name], value)
        for place, rows in tables.items():
            row = _by(rows, "Model")[model]
            what = f"main, {model}"
            yield Figure(place, f"{what}, RMSE", _pick(row, "RMSE"), rmse)
            yield from _both(place, f"{what}, seeds", ends(_pick(row, "over seeds")), seeds[1:])
            yield from _both(place, f"{what}, days", ends(_pick(row, "over days")), (low, high))
            percent = tuple(None if one is None else 100 * one for one in change)
            yield Figure(place, f"{what}, to naive", _pick(row, f"to {naive}"), percent[0])
            yield from _both(place, f"{what}, to naive", _interval(row, f"to {naive}"), percent[1:])
            yield Figure(place, f"{what}, joules", _pick(row, "Training"), energy[0] or None)
            yield from _both(place, f"{what}, joules", _interval(row, "Training"), energy[1:])
            yield Figure(place, f"{what}, CPU-s", _pick(row, "CPU"), cpu_s or None)
            yield Figure(place, f"{what}, forecasts", _pick(row, "1,000 fc."), forecast[0])


def _both(
    place: str, what: str, shown: tuple[str, str], expected: tuple[float | None, ...]
) -> Iterator[Figure]:
    for end, text, value in zip(("low", "high"), shown, expected, strict=True):
        yield Figure(place, f"{what} {end}", text, value)


def _accuracy(study: Study, numbers: dict[str, Any], tables: dict[str, Rows]) -> Iterator[Figure]:
    """Means over seeds: geometric, and arithmetic of R2, which can be negative."""
    names = {
        "rmse": ("RMSE", 1),
        "mae": ("MAE", 1),
        "wape": ("WAPE", 100),
        "mase": ("MASE", 1),
        "r2": ("R²", 1),
    }
    for model in study.forecasts:
        for metric, values in errors_by_seed(study, model).items():
            mean = float(np.mean(values)) if metric == "r2" else geometric(values)[0]
            yield Figure("json", f"{model} {metric}", numbers[model][f"{metric}_mean"], mean)
            title, factor = names[metric]
            for place, rows in tables.items():
                yield Figure(
                    place,
                    f"accuracy, {model}, {metric}",
                    _pick(_by(rows, "Model")[model], title),
                    factor * mean,
                )


def _nodes(study: Study, numbers: dict[str, Any], tables: dict[str, Rows]) -> Iterator[Figure]:
    """Quantiles over nodes of each node's mean over seeds."""
    for model in study.forecasts:
        by_node = errors_by_node(study, model).mean(axis=0)
        for percent in (10, 50, 90):
            value = float(np.quantile(by_node, percent / 100))
            yield Figure("json", f"{model} rmse_p{percent}", numbers[model][f"rmse_p{percent}"], value)
            for place, rows in tables.items():
                yield Figure(
                    place,
                    f"nodes, {model}, {percent} %",
                    _pick(_by(rows, "Model")[model], f"RMSE {percent} %"),
                    value,
                )


def _stages(study: Study, numbers: dict[str, Any], tables: dict[str, Rows]) -> Iterator[Figure]:
    """Energy and mass by stage. What superseded jobs spent stands in a row and in the total only."""
    for stage, sums in stage_sums(study).items():
        told = numbers[stage]
        yield Figure("json", f"{stage} jobs", told["jobs"], sums["jobs"])
        yield Figure("json", f"{stage} energy", told["energy_kwh"], sums["own"] / 1000)
        yield Figure("json", f"{stage} mass", told["co2e_kg"], sums["g"] / 1000)
        yield Figure("json", f"{stage} machine", told["machine_kwh"], sums["machine"] / 1000)
        columns = {
            "n jobs": "jobs",
            "Time": "s",
            "CPU Wh": "cpu",
            "RAM": "ram",
            "Sum": "own",
            "Machine": "machine",
            "CO₂e": "g",
        }
        for place, rows in tables.items():
            row = _by(rows, "Stage")[stage]
            for title, name in columns.items():
                yield Figure(place, f"energy, {stage}, {title}", _pick(row, title), sums[name])


def _frontier(study: Study, rows: Rows) -> Iterator[Figure]:
    for model, row in _by(rows, "Model").items():
        joules, _ = trainings(study, model)
        yield Figure(
            "latex",
            f"frontier, {model}, RMSE",
            _pick(row, "RMSE"),
            geometric(errors_by_seed(study, model)["rmse"])[0],
        )
        yield Figure(
            "latex",
            f"frontier, {model}, joules",
            _pick(row, "Training"),
            geometric(joules)[0] if joules else None,
        )
        forecasts = geometric(forecast_joules(study, model))
        yield Figure("latex", f"frontier, {model}, forecasts", _pick(row, "1,000 forecasts"), forecasts[0])


def _times(study: Study, numbers: dict[str, Any], rows: Rows) -> Iterator[Figure]:
    """Wall time from Snakemake's files. Jobs may have finished after the page was written: those are left out."""
    metered: dict[str, float] = {}
    for events in study.ledgers:
        metered[events[0]["stage"]] = metered.get(events[0]["stage"], 0.0) + events[-1]["duration_s"]
    wall: dict[str, list[tuple[float, float]]] = {}
    exported: list[tuple[float, float]] = []
    for place, seconds in benchmark_seconds(study.folder / "benchmarks").items():
        folder, rule = place.split("/")[0], place.split("/")[1].removesuffix(".tsv")
        part = STAGE_OF_RULE.get(rule, PARTS.get(folder, "scores and verdicts"))
        if rule == BESIDE_THE_REPORT:
            exported.append(seconds)
        else:
            wall.setdefault(part, []).append(seconds)
    # The page does not wait for the exports: they are in it if they had finished.
    if numbers["accounts"]["jobs"] > len(wall["accounts"]):
        wall["accounts"] += exported
    shown = _by(rows, "Part")
    for part, told in numbers.items():
        # Tables are made beside the report, and so may not have been there yet.
        if part in ("publishing", "all jobs"):
            continue
        expected = {
            "jobs": float(len(wall[part])),
            "wall_s": sum(one for one, _ in wall[part]),
            "cpu_s": sum(one for _, one in wall[part]),
            "metered_s": metered.get(part, 0.0),
        }
        titles = {"jobs": "n jobs", "wall_s": "Wall time", "cpu_s": "Processor", "metered_s": "Metered s"}
        for name, value in expected.items():
            yield Figure("json", f"time, {part}, {name}", told[name], value)
            yield Figure("report", f"time, {part}, {name}", _pick(shown[part], titles[name]), value)
        rest = expected["wall_s"] - expected["metered_s"]
        yield Figure("report", f"time, {part}, not metered", _pick(shown[part], "Not metered"), rest)
        share = 100 * expected["metered_s"] / expected["wall_s"]
        yield Figure("report", f"time, {part}, share", _pick(shown[part], "Metered %"), share)


def _days(study: Study, tables: dict[str, Rows]) -> Iterator[Figure]:
    """The table of decisions: test errors and their intervals over blocks of days."""
    for model in study.forecasts:
        rmse, low, high = day_interval(*squares_by_day(study, model))
        for place, rows in tables.items():
            row = _by(rows, "Model")[model]
            yield Figure(place, f"decisions, {model}, test", _pick(row, "Test"), rmse)
            yield from _both(place, f"decisions, {model}, days", ends(_pick(row, "over days")), (low, high))
