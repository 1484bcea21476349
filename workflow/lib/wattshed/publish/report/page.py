"""The report: one page that needs no other file."""

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wattshed.accounts.comparison.advice import advise
from wattshed.publish.model_costs import model_tables
from wattshed.publish.report.numbers import report_numbers
from wattshed.publish.report.results import StudyResults
from wattshed.publish.sentences.headline import headline, knowledge
from wattshed.publish.sentences.what_to_use import what_to_use_sentence
from wattshed.publish.tables.accuracy import accuracy_table
from wattshed.publish.tables.adaptation import adaptation_table, matrix_table
from wattshed.publish.tables.clocks import clocks_table
from wattshed.publish.tables.compression import compression_table
from wattshed.publish.tables.energy import energy_table
from wattshed.publish.tables.frontier import frontier_table
from wattshed.publish.tables.ladder import ladder_tables
from wattshed.publish.tables.nodes import nodes_table
from wattshed.publish.tables.quality import quality_table
from wattshed.publish.typesetting.table import Table
from wattshed.statistics.intervals import METHOD_NOTE

NEVER_LEARNS = "frozen"


def render_report(
    results: StudyResults,
    figures: Mapping[str, Path],
    note: str = "",
    limit_kg: float | None = None,
    engine: Table | None = None,
) -> str:
    """The whole page as HTML.

    figures: PNG files by name, which the page carries inside itself; note: what a reader must know of the recipes,
    such as the cap on epochs; limit_kg: of the low-carbon leaders; engine: its benchmark, where there is one.
    """
    unit = results.panel.unit
    environment = Environment(
        loader=PackageLoader("wattshed.publish.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    strategies = [name for name in results.adaptation["strategy"].unique() if name != NEVER_LEARNS]
    numbers = report_numbers(results)
    page: str = environment.get_template("report.html.j2").render(
        study=results.config["study"],
        css=Markup(files("wattshed.publish.report").joinpath("report.css").read_text(encoding="utf-8")),
        headline=headline(results),
        knowledge=knowledge(results),
        method=METHOD_NOTE,
        panel=results.panel,
        span=[str(results.panel.times[0])[:10], str(results.panel.times[-1])[:10]],
        cuts=results.splits["cuts_utc"],
        graph_method=results.graph_method,
        numbers=numbers,
        quality=quality_table(results.quality, unit),
        accuracy=accuracy_table(results.scores, results.frontier, unit, note),
        nodes=nodes_table(results.scores, unit),
        energy=energy_table(results.runs),
        frontier=frontier_table(results.frontier, unit),
        costs=model_tables(results.runs, results.windows, results.scores, unit, limit_kg),
        ladder=None if results.ladder is None else ladder_tables(results.ladder, unit, note),
        what_to_use=_what_to_use(results),
        engine=engine,
        adaptation=adaptation_table(results.adaptation, unit),
        matrices=[matrix_table(results.matrix, name, unit) for name in strategies],
        compression=compression_table(results.compression, unit),
        clocks=clocks_table(results.sweep, results.choice),
        studied_model=results.config["studied_model"],
        figures={name: _data_uri(path) for name, path in figures.items()},
        origin=_origin(results.runs),
        config=yaml.safe_dump(results.config, sort_keys=False, allow_unicode=True),
        numbers_json=_script_json(numbers),
    )
    return page


def _what_to_use(results: StudyResults) -> str:
    """The advice that the ladder's steps give; empty without a ladder."""
    if results.ladder is None:
        return ""
    return what_to_use_sentence(advise(results.scores, results.ladder), results.panel.unit)


def _data_uri(png: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode("ascii")


def _script_json(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    return Markup(json.dumps(value, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c"))


def _origin(runs: pd.DataFrame) -> dict[str, Any]:
    """Distinct machines, versions, commits, locations and emission factors of all jobs."""
    factors = runs[["co2e_source", "intensity_g_per_kwh"]].dropna().round(3).drop_duplicates()
    places = runs[["country_iso", "region"]].drop_duplicates()
    return {
        "machines": [json.loads(text) for text in runs["machine"].unique()],
        "versions": [json.loads(text) for text in runs["versions"].unique()],
        "commits": [
            f"{row['commit']}{_dirty(row['dirty'])}"
            for row in runs[["commit", "dirty"]].drop_duplicates().to_dict("records")
        ],
        "locations": [
            "unknown"
            if pd.isna(row["country_iso"])
            else row["country_iso"] + ("" if pd.isna(row["region"]) else f", {row['region']}")
            for row in places.to_dict("records")
        ],
        "factors": [
            f"{row['intensity_g_per_kwh']:.1f} g CO₂e per kWh ({row['co2e_source']})"
            for row in factors.to_dict("records")
        ],
        "started_utc": str(runs["started_utc"].min()),
    }


def _dirty(dirty: Any) -> str:
    if pd.isna(dirty):
        return " (no git checkout, changes unknown)"
    return " (with uncommitted changes)" if dirty else ""
