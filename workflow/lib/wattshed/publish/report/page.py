"""The report: one self-contained page."""

import base64
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wattshed.foundation.plugins import load
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.declaration import declared
from wattshed.publish.parts.degrees import degrees_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.numbers import report_numbers
from wattshed.publish.sentences.headline import headline, knowledge
from wattshed.publish.sentences.what_to_use import what_to_use_sentence
from wattshed.statistics.intervals import METHOD_NOTE

# Tables and figures of each section, in reading order. Other ones, such as a study's own, come last.
LAYOUT: dict[str, tuple[str, ...]] = {
    "data": ("table quality", "figure degrees"),
    "accuracy": (
        "table decisions",
        "table accuracy",
        "figure horizons",
        "table nodes",
        "table rolling",
        "figure rolling",
        "figure forecasts",
        "figure training",
    ),
    "energy": (
        "table energy",
        "figure split",
        "figure energies",
        "table frontier",
        "figure fronts",
        "table fronts",
        "table leaders",
        "figure overlay",
        "table normalised",
    ),
    "ladder": ("figure ladder", "table ladder"),
    "chains": ("table chains", "figure chains"),
    "engine": ("table engine",),
    "adaptation": ("table adaptation", "table matrices"),
    "compression": ("table compression",),
    "clocks": ("figure clocks", "table clocks"),
}
# For print only: on the page, the fronts show the same.
LEFT_OUT = ("figure frontier",)


def render_report(inputs: Inputs, tables: Sequence[str], figures: Mapping[str, Path]) -> str:
    """The whole page as HTML.

    tables: names of the tables that are made and shown; figures: PNG files by name, which are embedded in the page.
    Raises :class:`Fault` for an input that is missing or cannot be read.
    """
    environment = Environment(
        loader=PackageLoader("wattshed.publish.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    numbers = report_numbers(inputs)
    panel = inputs.panel
    shown: dict[str, Any] = {f"table {name}": _table_part(name, inputs) for name in tables}
    shown |= {
        f"figure {name}": {
            "name": name,
            "image": _data_uri(path),
            "caption": declared("figure", name).caption,
        }
        for name, path in figures.items()
    }
    placed = {part for parts in LAYOUT.values() for part in parts}
    sections = {
        section: [shown[part] for part in parts if part in shown] for section, parts in LAYOUT.items()
    }
    page: str = environment.get_template("report.html.j2").render(
        study=inputs.config["study"],
        css=Markup(files("wattshed.publish.report").joinpath("report.css").read_text(encoding="utf-8")),
        headline=headline(inputs),
        knowledge=knowledge(inputs),
        method=METHOD_NOTE,
        panel=panel,
        span=[str(panel.times[0])[:10], str(panel.times[-1])[:10]],
        cuts=inputs.json("splits")["cuts_utc"],
        graph_method=degrees_of(inputs)[1],
        numbers=numbers,
        sections=sections,
        further=[part for name, part in shown.items() if name not in placed and name not in LEFT_OUT],
        what_to_use=_what_to_use(inputs),
        simulated="choice" in inputs
        and all(choice["label"] == "simulated" for choice in inputs.jsons("choice")),
        origin=_origin(inputs.frame("runs")),
        config=yaml.safe_dump(inputs.config, sort_keys=False, allow_unicode=True),
        numbers_json=_script_json(numbers),
    )
    return page


def _table_part(name: str, inputs: Inputs) -> dict[str, Any]:
    """All tables of a part, each under its file's name."""
    made = load("table", name).tables(name, inputs)
    several = any(len(tables) > 1 for tables in made.values())
    return {
        "tables": [
            {"id": table.name if several else file, "content": table}
            for file, tables in made.items()
            for table in tables
        ]
    }


def _what_to_use(inputs: Inputs) -> str:
    return what_to_use_sentence(decisions_of(inputs), inputs.unit)


def _data_uri(png: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode("ascii")


def _script_json(value: Any) -> Markup:
    """JSON that cannot close the script element that contains it."""
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
