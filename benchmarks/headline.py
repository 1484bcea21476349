"""Write docs/headline.json and docs/headline.md: what README may claim of the default study.

    python benchmarks/headline.py results/homes

Each line has an id, a sentence with its numbers, and the table and cell that it comes from. The rows that the numbers
were computed from stand in the same file (errors by seed and day, energies by seed), so that
tests/unit/test_headline.py computes every number again without the package, and holds README to the lines. Prints a
draft of README's section.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from headline_page import draft, markdown
from headline_rows import raw_rows, repeats_of

from wattshed.accounts.claims.results import REFERENCE_FORM
from wattshed.accounts.comparison.decisions import changes_against
from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.runs.stages import stages_frame
from wattshed.accounts.sensitivity.views import WITHOUT_SUSPECTS
from wattshed.accounts.standings.adaptation_outcomes import adaptation_outcomes
from wattshed.accounts.standings.standings import step_before, training_ratio
from wattshed.compression.judge import BASELINE
from wattshed.foundation.writing import write_text
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.standing import standings_of
from wattshed.publish.sentences.graph_help import graph_control_of
from wattshed.publish.sentences.trust import trust_lines
from wattshed.publish.typesetting.table import plain, significant_text
from wattshed.statistics.by_day import errors_by_day
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.statistics.ratios import ratio_interval

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "config": "config.yaml",
    "panel": "data/panel.safetensors",
    "scores": "accuracy/scores.parquet",
    "days": "accuracy/days.parquet",
    "sensitivity": "accuracy/sensitivity.parquet",
    "sensitivity_days": "accuracy/sensitivity.days.parquet",
    "runs": "emissions.parquet",
    "windows": "windows.parquet",
    "frontier": "frontier.parquet",
    "adaptation": "adaptation.parquet",
    "adaptation_days": "adaptation/*.days.parquet",
    "compression": "compression.parquet",
}
MAIN = "tables/main.tex"


def line(id: str, sentence: str, table: str, cell: str, **numbers: Any) -> dict[str, Any]:
    """numbers: how the test computes them again, by the name of the formula and its arguments."""
    return {"id": id, "sentence": sentence, "table": table, "cell": cell, "numbers": numbers}


def lines_of(inputs: Inputs, repeats: dict[str, list[float]]) -> Iterator[dict[str, Any]]:
    """Every claim, the first ones first; repeats: joules of a training in runs of its own, by model."""
    yield _data_line(inputs)
    yield from _trust(inputs)
    decisions, frame = decisions_of(inputs), standings_of(inputs)
    rows = {str(row["model"]): row for row in frame.to_dict("records")}
    for row in rows.values():
        yield _model_line(row, inputs.unit)
    best, use = decisions.best, decisions.use
    yield line(
        "best",
        f"{best} has the least validation error; {_list(decisions.alike) or 'none'} cannot be distinguished from it "
        f"there; of these {use} takes the least training energy.",
        MAIN,
        "Model, in bold",
        best=best,
        use=use,
    )
    naive = rows[best]["naive"]
    yield from _comparison(inputs, "naive", best, naive)
    sources = [name for name, block in inputs.config["models"].items() if block["form"] == REFERENCE_FORM]
    for model in sources:
        yield from _comparison(inputs, f"naive-{model}", model, naive)
    for model in rows:
        if model not in (best, naive):
            yield from _comparison(inputs, f"best-{model}", best, model)
    before = step_before(frame, best)
    for other in dict.fromkeys(filter(None, (use, before))):
        if other != best:
            yield from _ratio(inputs, repeats, best, other)
    yield from _repeats(repeats, [best, use])
    yield from _graph(inputs, rows)
    yield from _trusted(inputs, best, [name for name, row in rows.items() if row["useful"]])
    yield from _stages(inputs)


def _data_line(inputs: Inputs) -> dict[str, Any]:
    panel, seeds = inputs.panel, inputs.config["seeds"]
    span = f"{str(panel.times[0])[:10]} to {str(panel.times[-1])[:10]}"
    found = decisions_of(inputs)
    return line(
        "data",
        f"{len(panel.node_names)} nodes, {len(panel.times)} hours, {span}; {len(seeds)} seeds; the test part has "
        f"{found.days} days in {found.blocks} blocks; 95 % intervals.",
        "report.html",
        "Data, split and graph",
        days=found.days,
        blocks=found.blocks,
    )


def _trust(inputs: Inputs) -> Iterator[dict[str, Any]]:
    for place, sentence in enumerate(trust_lines(inputs), 1):
        yield line(f"trust-{place}", sentence, "report.html", "How far the energies can be trusted")


def _model_line(row: dict[Any, Any], unit: str) -> dict[str, Any]:
    """Error and cost of one model."""
    model, joules = row["model"], row["training_j_mean"]
    cost = "it needs no fit"
    numbers: dict[str, Any] = {"rmse": row["error"], "day_low": row["day_low"], "day_high": row["day_high"]}
    seeds = ""
    if pd.notna(row["seed_low"]):
        seeds = f" {_ends(row['seed_low'], row['seed_high'], 3)} over {row['n']} seeds,"
        numbers |= {"seed_low": row["seed_low"], "seed_high": row["seed_high"]}
    if pd.isna(joules):
        cost = "the energy of its training is unknown"
    elif joules > 0:
        ends = (
            ""
            if pd.isna(row["training_j_low"])
            else f" {_digits(row['training_j_low'], row['training_j_high'])}"
        )
        cost = (
            f"one training takes {significant_text(joules)} J{ends} ({row['energy_status']}, n = "
            f"{row['training_j_n']})"
        )
        numbers["joules"] = joules
        numbers |= {f"joules_{end}": _known(row[f"training_j_{end}"]) for end in ("low", "high")}
        if pd.notna(row["cpu_s"]):
            cost += f" and {significant_text(row['cpu_s'])} CPU-s"
            numbers["cpu_s"] = row["cpu_s"]
    return line(
        f"model-{model}",
        f"{model}: test RMSE {plain(row['error'], 3)} {unit},{seeds} {_ends(row['day_low'], row['day_high'], 3)} over "
        f"blocks of days; {cost}.",
        MAIN,
        f"{model}: RMSE, over seeds, over days, Training, CPU",
        model=model,
        **numbers,
    )


def _comparison(inputs: Inputs, id: str, model: str, other: str | None) -> Iterator[dict[str, Any]]:
    """The paired change of one model's test error against another's."""
    if other is None or other == model:
        return
    change = _change(inputs, model, other)
    percent, ends = _percent(change)
    yield line(
        id,
        f"{model} against {other}: RMSE {percent} % {ends}, {change['outcome']}.",
        MAIN,
        f"{model} and {other}: RMSE; paired test over seeds and days",
        model=model,
        other=other,
        change_share=change["change_share"],
        change_low=change["change_low"],
        change_high=change["change_high"],
        outcome=str(change["outcome"]),
    )


def _ratio(
    inputs: Inputs, repeats: dict[str, list[float]], model: str, other: str
) -> Iterator[dict[str, Any]]:
    """Energies over separate runs, if there are any: fits of one process differ less."""
    runs = model in repeats and other in repeats
    ratio: Interval = (
        ratio_interval(repeats[model], repeats[other])
        if runs
        else training_ratio(inputs.frame("windows"), model, other)
    )
    if ratio.mean is None:
        return
    ends = "" if ratio.low is None or ratio.high is None else f" {_digits(ratio.low, ratio.high)}"
    of = f" over n = {len(repeats[model])} separate runs" if runs else ""
    yield line(
        f"energy-{model}-{other}",
        f"One training of {model} takes {significant_text(ratio.mean)} times{ends} the energy of one of {other}{of}.",
        "training_repeats.json" if runs else MAIN,
        f"{model} and {other}: Training",
        model=model,
        other=other,
        ratio=ratio.mean,
        ratio_low=ratio.low,
        ratio_high=ratio.high,
    )


def _repeats(repeats: dict[str, list[float]], models: list[str]) -> Iterator[dict[str, Any]]:
    """The interval of a training's energy over runs in processes of their own."""
    for model in dict.fromkeys(models):
        found = geometric_interval(repeats.get(model, []))
        if found.mean is None or found.low is None or found.high is None:
            continue
        yield line(
            f"runs-{model}",
            f"In n = {found.n} separate runs, one training of {model} took {significant_text(found.mean)} J "
            f"{_digits(found.low, found.high)}.",
            "training_repeats.json",
            model,
            model=model,
            runs_j=found.mean,
            runs_low=found.low,
            runs_high=found.high,
            runs=found.n,
        )


def _graph(inputs: Inputs, rows: dict[str, dict[Any, Any]]) -> Iterator[dict[str, Any]]:
    """The best graph model against its control on a shuffled graph."""
    control = graph_control_of(inputs)
    if control is not None and control.twin in rows:
        yield from _comparison(inputs, "graph", control.model, control.twin)


def _trusted(inputs: Inputs, best: str, useful: list[str]) -> Iterator[dict[str, Any]]:
    """Errors of the useful models without the nodes that look faulty, and their change against the chosen one."""
    days = inputs.frame("sensitivity_days") if "sensitivity_days" in inputs else pd.DataFrame()
    if days.empty:
        return
    found = inputs.frame("sensitivity")
    nodes = int(found.loc[found["view"] == WITHOUT_SUSPECTS, "nodes"].iloc[0])
    errors = errors_by_day(days, "model", "rmse", "the models' errors without suspect nodes")
    changes = {row["model"]: row for row in changes_against(days, best).to_dict("records")}
    for model in useful:
        spread = errors.error(model)
        low, high = (math.exp(float(end)) for end in spread.day_bounds())
        said = ""
        numbers = {"trusted_rmse": math.exp(float(spread.log)), "trusted_low": low, "trusted_high": high}
        if model != best:
            percent, ends = _percent(changes[model])
            said = f"; against {best} {percent} % {ends}, {changes[model]['outcome']}"
            numbers |= {
                f"change_trusted_{end}": changes[model][f"change_{end}"] for end in ("share", "low", "high")
            }
        yield line(
            f"trusted-{model}",
            f"{model} on the {nodes} nodes that are not suspect: test RMSE {plain(numbers['trusted_rmse'], 3)} "
            f"{inputs.unit} {_ends(low, high, 3)} over blocks of days{said}.",
            "tables/sensitivity.tex",
            f"{model}: No suspects, Δ, Outcome",
            model=model,
            **({} if model == best else {"other": best}),
            **numbers,
        )


def _stages(inputs: Inputs) -> Iterator[dict[str, Any]]:
    """The whole study's energy, and what adaptation and compression brought."""
    total = stages_frame(inputs.frame("runs")).iloc[-1]
    yield line(
        "total",
        f"The study's {total['jobs']} jobs took {significant_text(total['energy_kwh'] * 1000)} Wh of their own.",
        "tables/energy.tex",
        "total: Sum",
        total_kwh=total["energy_kwh"],
    )
    if "adaptation" in inputs:
        for row in adaptation_outcomes(inputs.frame("adaptation"), inputs.frame("adaptation_days")).to_dict(
            "records"
        ):
            percent, ends = _percent(row)
            yield line(
                f"adaptation-{row['parent']}-{row['strategy']}",
                f"{row['parent']}+{row['strategy']} against the same checkpoint without updates, on later months: RMSE "
                f"{percent} % {ends}, {row['outcome']}.",
                "tables/adaptation.tex",
                f"{row['parent']}, {row['strategy']}: Δ, Outcome",
                parent=row["parent"],
                strategy=row["strategy"],
                later_share=row["change_share"],
                later_low=_known(row["change_low"]),
                later_high=_known(row["change_high"]),
                later_outcome=str(row["outcome"]),
            )
    if "compression" in inputs:
        frame = variant_means(inputs.frame("compression"))
        others = frame[frame["verdict"] != BASELINE]
        counts = "; ".join(
            f"{count} {verdict}" for verdict, count in others["verdict"].value_counts().items()
        )
        yield line(
            "compression",
            f"Of {len(others)} compressed variants: {counts}.",
            "tables/compression.tex",
            "Verdict",
            variants=len(others),
            verdicts=counts,
        )


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _change(inputs: Inputs, model: str, other: str) -> dict[Any, Any]:
    rows = changes_against(inputs.frame("days"), other).to_dict("records")
    return next(row for row in rows if row["model"] == model)


def _percent(change: dict[Any, Any]) -> tuple[str, str]:
    share = plain(100 * change["change_share"], 1)
    if pd.isna(change["change_low"]):
        return share, "without an interval"
    ends = (plain(100 * change[f"change_{end}"], 1) for end in ("low", "high"))
    return share, f"[{', '.join(ends)}]"


def _ends(low: float, high: float, places: int) -> str:
    return f"[{plain(low, places)}, {plain(high, places)}]"


def _digits(low: float, high: float) -> str:
    return f"[{significant_text(low)}, {significant_text(high)}]"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="folder of a finished study, such as results/homes")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/headline.json")
    parser.add_argument(
        "--repeats",
        type=Path,
        default=ROOT / "docs/training_repeats.json",
        help="record of benchmarks/repeat_trainings.py, if there is one",
    )
    arguments = parser.parse_args()
    if not (arguments.results / FILES["config"]).is_file():
        parser.error(f"{arguments.results} holds no finished study: run `make reproduce` first")
    files = {name: sorted(arguments.results.glob(place)) for name, place in FILES.items()}
    found = {name: paths for name, paths in files.items() if paths}
    models = Inputs(found).config["models"]
    controls = [name for name, model in models.items() if model["graph"] == "shuffled"]
    inputs = Inputs(found, {"controls": controls, "models": models})
    runs = inputs.frame("runs").sort_values("started_utc")
    machine = json.loads(runs["machine"].iloc[0])
    repeats = repeats_of(arguments.repeats, inputs.config["study"]) if arguments.repeats.is_file() else {}
    content = {
        "about": {
            "study": inputs.config["study"],
            "commit": str(runs["commit"].iloc[0])[:12],
            "machine": f"{machine.get('processor', 'unknown')}, {machine.get('logical_cores', '?')} logical cores",
            "started_utc": str(runs["started_utc"].iloc[0]),
        },
        "lines": list(lines_of(inputs, repeats)),
        "raw": {**raw_rows(inputs), "runs_j": repeats},
    }
    write_text(arguments.output, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    write_text(arguments.output.with_suffix(".md"), markdown(content))
    print(draft(content["lines"]))


if __name__ == "__main__":
    main()
