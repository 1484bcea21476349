"""Write docs/lead.md: our models against tuned boosted trees with equal information, on all panels that were run.

Beside it, docs/lead.json keeps errors by day, from which tests/unit/test_lead.py computes every change again.

Each study by `snakemake --cores all --configfile config/opponents_NAME.yaml`; a study that was not run is named.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from ladder import read_json
from page_parts import origin_of_jobs, origin_text, page_parser, percent_text

from wattshed.accounts.comparison.decisions import changes_against
from wattshed.accounts.rolling.judged import ERRORS, KEYS
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.graph import Graph
from wattshed.data.suspects import find_suspects
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.days import scores_by_day
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.documents import read_yaml
from wattshed.foundation.plugins import load
from wattshed.foundation.provenance import commit_text, describe_commit
from wattshed.foundation.vocabulary import Part
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.markdown import render_markdown
from wattshed.statistics.decisions import BLOCK_DAYS
from wattshed.training.checkpoint import read_checkpoint

STUDIES = tuple(f"opponents_{name}" for name in ("homes", "nations", "texas", "thousands"))
CPU = torch.device("cpu")
OURS, STRONGEST = "pooled_ridge", "lightgbm_rich"
TREES = ("lightgbm", "lightgbm_rich", "pooled_trees", "pooled_stack")
LABELS = {
    "opponents_texas": " **Simulated homes: data/README.md says how they were made.**",
    "opponents_thousands": " **An invented panel: it shows costs; of its errors nothing follows.**",
}
# Windows of one forecast, so that a large panel fits into memory.
WINDOWS = 256
# Significant digits of the kept rows.
DIGITS = 8
FILES = {
    "config": "config.yaml",
    "panel": "data/panel.safetensors",
    "quality": "data/quality.parquet",
    "days": "accuracy/days.parquet",
    "scores": "accuracy/scores.parquet",
    "sensitivity": "accuracy/sensitivity.parquet",
    "frontier": "frontier.parquet",
    "windows": "windows.parquet",
    "rolling": "rolling.parquet",
    "origins": "rolling.origins.parquet",
}
Forecast = Callable[[np.ndarray], np.ndarray]


def section(study: str, results: Path) -> tuple[str, dict[str, Any]]:
    """A panel's part of the page, and the changes with the rows that they follow from, by view."""
    heading = f"## `{study}`\n\n`snakemake --cores all --configfile config/{study}.yaml`\n"
    folder = results / study
    if not (folder / "report.html").is_file():
        return f"{heading}\nNot run.\n", {}
    found = {name: [folder / file] for name, file in FILES.items() if (folder / file).is_file()}
    models = read_yaml(folder / "config.yaml", ("models",))["models"]
    controls = [name for name, model in models.items() if model["graph"] == "shuffled"]
    inputs = Inputs(found, {"controls": controls, "models": models})
    parts = [
        heading,
        f"{inputs.panel.source}: {len(inputs.panel.node_names):,} nodes x {len(inputs.panel.times):,} h."
        f"{LABELS.get(study, '')}\n",
    ]
    frames = views_of(folder)
    changes = {view: changes_against(days, OURS).set_index("model") for view, days in frames.items()}
    parts += [
        f"{origin_of_jobs((folder / 'ledger/training').glob('*.jsonl'))}\n",
        *tables(inputs, "main"),
        paired(frames, changes),
        single(frames["test"], models),
    ]
    if "rolling" in found:
        parts += tables(inputs, "rolling")
    rows = {view: {"changes": _changes(changes[view]), **_sums(days)} for view, days in frames.items()}
    return "\n".join(parts), rows


def tables(inputs: Inputs, name: str) -> Iterator[str]:
    for made in load("table", name).tables(name, inputs).values():
        yield from (render_markdown(table) for table in made)


def views_of(folder: Path) -> dict[str, pd.DataFrame]:
    """Errors by day of all models on the test part, without suspect nodes, and on the months after it."""
    config = read_yaml(folder / "config.yaml", ("data",))
    windows = WindowsBlock(**config["data"]["windows"])
    task = ForecastTask.read(folder / "data/panel.safetensors", folder / "data/splits.json", windows)
    graph = Graph.read(folder / "data/graph.safetensors", task.panel)
    every = np.arange(len(task.panel.node_names))
    share = config["data"]["suspect_near_zero_share"]
    sound = every[find_suspects(task.panel, task.splits.train, share)["suspect_reason"].isna()]
    months = [task.origins(month.whole) for month in task.splits.months]
    most = config["data"]["splits"]["test_windows"]
    test = task.origins(task.splits.test)
    views = {"test": (test, every)}
    if 0 < len(sound) < len(every):
        views[f"test, {len(every) - len(sound)} suspect nodes left out"] = (test, sound)
    if months:
        views["months after the test part, not adapted"] = (np.concatenate(months), every)
    frames: dict[str, list[pd.DataFrame]] = {view: [] for view in views}
    for model, seed, forecast in forecasters(folder, task, graph, config):
        for view, (origins, nodes) in views.items():
            some = evenly_spaced(origins, most)
            frames[view].append(
                _days(forecast, task, some, nodes).assign(model=model, seed=seed, part=Part.TEST)
            )
    rolling = rolling_days(folder)
    if len(rolling):
        frames[f"all test parts of {config['rolling']['origins']} rolling origins"] = [rolling]
    return {view: pd.concat(days, ignore_index=True) for view, days in frames.items()}


def paired(frames: dict[str, pd.DataFrame], changes: dict[str, pd.DataFrame]) -> str:
    """Change of RMSE against our closed form, view by view."""
    lines = [
        "Intervals are of each comparison alone; outcomes are corrected for all of a column (Holm 1979), so that an "
        "interval without zero may still be not told apart.\n",
        f"Change of RMSE against `{OURS}` (above 0: worse than it), with the interval of the paired test over seeds "
        "and blocks of days:\n",
        f"| Model | {' | '.join(frames)} |",
        f"|---|{'---|' * len(frames)}",
    ]
    rmse = {view: _rmse(days) for view, days in frames.items()}
    for model in rmse["test"].sort_values().index:
        cells = [
            _cell(rmse[view][model], changes[view].loc[model]) if model in changes[view].index else "–"
            for view in frames
        ]
        lines.append(f"| `{model}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def single(days: pd.DataFrame, models: dict[str, Any]) -> str:
    """Which models are random and were trained with one seed, so that the tests do not know their spread."""
    seeds = days.groupby("model")["seed"].nunique()
    # Baselines have one fit; of these, trees draw features at random. A model without a recipe is a closed form.
    found = [
        f"`{model}`"
        for model, count in seeds.items()
        if count == 1 and (model in TREES or _is_random(models.get(model, {})))
    ]
    if not found:
        return ""
    return (
        f"Trained once, although chance has a part in them: {', '.join(found)}. Their spread over seeds is in no "
        "interval here, and in no outcome.\n"
    )


def _is_random(block: dict[str, Any]) -> bool:
    """Whether chance has a part in a model: a recipe draws batches, a control draws its graph."""
    return block.get("recipe") is not None or block.get("graph") == "shuffled"


def _cell(rmse: float, row: pd.Series) -> str:
    said = f"{rmse:.4f}"
    if row.name != OURS:
        change = percent_text(row["change_share"], row["change_low"], row["change_high"])
        said += f": {change}, {row['outcome']}"
    return said


def _changes(frame: pd.DataFrame) -> dict[str, Any]:
    """What the page says of each model, by model."""
    others = frame[frame.index != OURS]
    names = ("change_share", "change_low", "change_high")
    return {
        str(model): {**{name: float(row[name]) for name in names}, "outcome": str(row["outcome"])}
        for model, row in others.iterrows()
    }


def _sums(days: pd.DataFrame) -> dict[str, Any]:
    """Squared errors by model, seed and day, on the days that all have: enough to compute the changes again."""
    seen = days[days["cells"] > 0]
    table = seen.pivot(index=["model", "seed"], columns="day", values="squared").dropna(axis=1)
    squared: dict[str, dict[str, list[float]]] = {}
    for (model, seed), row in table.iterrows():
        squared.setdefault(str(model), {})[str(seed)] = [float(f"{value:.{DIGITS}g}") for value in row]
    return {"days": [str(day) for day in table.columns], "squared": squared}


def rolling_days(folder: Path) -> pd.DataFrame:
    """Errors of the test parts of all rolling origins, for models that the study rolled; empty without any.

    Origins are retrained, and two of them may share a day of the calendar: it counts once, with the sums of both.
    """
    found = [pd.read_parquet(path) for path in sorted((folder / "rolling").glob("*.parquet"))]
    if not found:
        return pd.DataFrame()
    days = pd.concat(found)
    days = days[days["part"] == Part.TEST]
    return days.groupby(KEYS, as_index=False, sort=False)[ERRORS].sum()


def forecasters(
    folder: Path, task: ForecastTask, graph: Graph, config: dict
) -> Iterator[tuple[str, int, Forecast]]:
    """Every trained model and seed, and every baseline, which is fitted again."""
    for model in config["models"]:
        for seed in config["seeds"]:
            path = folder / f"checkpoints/{model}-{seed}.safetensors"
            yield model, seed, read_checkpoint(path, task, graph, CPU)[0].forecast
    for name in config["baselines"]:
        baseline = make_baseline(name, task, graph)
        baseline.fit()
        yield name, 0, baseline.forecast


def _days(forecast: Forecast, task: ForecastTask, origins: np.ndarray, nodes: np.ndarray) -> pd.DataFrame:
    parts = []
    for start in range(0, len(origins), WINDOWS):
        some = origins[start : start + WINDOWS]
        truth, seen = task.truth(some)
        made = forecast(some)[:, :, nodes]
        times, zone = task.panel.times, task.panel.timezone
        parts.append(scores_by_day(made, truth[:, :, nodes], seen[:, :, nodes], some, times, zone))
    return pd.concat(parts).groupby("day", as_index=False).sum()


def _rmse(days: pd.DataFrame) -> pd.Series:
    sums = days.groupby(["model", "seed"])[["squared", "cells"]].sum()
    return np.sqrt(sums["squared"] / sums["cells"]).groupby("model").mean()


def grid_of_trees(record: str) -> str:
    """Which settings of the strongest trees were tried, on which panel, and what that cost."""
    found = read_json(record)
    best, *_, worst = sorted(point["validation_rmse"] for point in found["points"])
    chosen = ", ".join(f"{name} {value:g}" for name, value in found["chosen"].items())
    tried = {name: {point[name] for point in found["points"]} for name in found["chosen"]}
    edges = [
        f"no {word} {name}"
        for word, end in (("larger", max), ("smaller", min))
        for name, value in found["chosen"].items()
        if value == end(tried[name])
    ]
    beyond = f" At the edge of the grid: {', '.join(edges)} was tried." if edges else ""
    return (
        f"`{STRONGEST}` has the best settings of a grid of {len(found['points'])} points on the homes, chosen on "
        f"validation: {chosen}, RMSE {best:.4f}; the worst point has {worst:.4f}.{beyond} The grid took "
        f"{found['own_cpu_s']:,.0f} CPU-s: [tuning_trees.json](ladder/tuning_trees.json). On the other panels the "
        "trees keep these settings; their number is that of the least error on the panel's own validation part, after "
        f"which 20 more bring nothing. The penalties of `{OURS}` are searched within each of its fits, and its "
        f"energy has that search. {origin_text(found)}"
    )


def main() -> None:
    parser = page_parser(__doc__, "docs/lead.md")
    parser.add_argument("--jobs", type=int, default=2, help="how many panels are scored at a time")
    parser.add_argument(
        "--partial", action="store_true", help="write the page although some panels were not run"
    )
    arguments = parser.parse_args()
    absent = [study for study in STUDIES if not (arguments.results / study / "report.html").is_file()]
    if len(absent) == len(STUDIES) or (absent and not arguments.partial):
        parser.error(
            f"{arguments.results} has no finished study {', '.join(absent)}: run `make benchmark-lead` first, or write "
            "the page without some of them by --partial"
        )
    if arguments.jobs < 1:
        parser.error(f"--jobs is {arguments.jobs}: expected at least 1")
    # Nothing is measured here: panels share the cores, each on one thread.
    with ProcessPoolExecutor(arguments.jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        sections = list(pool.map(section, STUDIES, [arguments.results] * len(STUDIES)))
    text = [
        "# Which lead is real\n",
        "Made by `make benchmark-lead`. Boosted trees have the information that our models have: history, days",
        "before, neighbours, calendar and the node's identity. Choices are made on validation, and the test part",
        "reports; trees also take their number, and the stack its weights, from the validation part. Changes of errors",
        "are computed again by a test from [lead.json](lead.json). Baselines are fitted again for the months after the",
        f"test part, by the code of commit {commit_text(describe_commit())}.\n",
        f"{grid_of_trees('docs/ladder/tuning_trees.json')}\n",
        *(made for made, _ in sections),
    ]
    arguments.output.write_text("\n".join(text), encoding="utf-8")
    rows = {study: found for study, (_, found) in zip(STUDIES, sections, strict=True) if found}
    content = json.dumps({"ours": OURS, "block_days": BLOCK_DAYS, "studies": rows}, separators=(",", ":"))
    arguments.output.with_suffix(".json").write_text(f"{content}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
