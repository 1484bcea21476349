"""The report: one self-contained page."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from wattshed.accounts.runs.wall_times import wall_times
from wattshed.foundation.plugins import load
from wattshed.publish.drawing.png_pages import pages_of
from wattshed.publish.notes.beside_others import ladder_notes
from wattshed.publish.notes.readings import readings_lines
from wattshed.publish.notes.windows import window_notes
from wattshed.publish.parts.class_words import in_class_words, says_classes
from wattshed.publish.parts.declaration import declared
from wattshed.publish.parts.degrees import degrees_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import choices_of
from wattshed.publish.report.layout import FOLDED, LEFT_OUT, PICTURE, PLACED, SECTIONS, Section
from wattshed.publish.report.numbers import report_numbers
from wattshed.publish.report.origin import origin_of
from wattshed.publish.report.time import time_table
from wattshed.publish.sentences.answers import answers
from wattshed.publish.sentences.outcomes import section_sentences
from wattshed.publish.sentences.trust import knowledge, trust_lines
from wattshed.publish.typesetting.shared_notes import share_notes
from wattshed.publish.typesetting.table import Table


def render_report(
    inputs: Inputs, tables: Sequence[str], figures: Mapping[str, Path], benchmarks: Path | None = None
) -> str:
    """The whole page as HTML.

    tables: names of the tables that the study has; figures: PNG files by name, which are embedded in the page;
    benchmarks: the folder of Snakemake's benchmark files, for the time that was not metered. Raises :class:`Fault` for
    an input that is missing or cannot be read.
    """
    environment = Environment(
        loader=PackageLoader("wattshed.publish.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["soft"] = soft
    # Read once: other jobs end, and write their times, while the page is made.
    times = wall_times(benchmarks, inputs.frame("runs")) if benchmarks else None
    numbers = report_numbers(inputs, times)
    # Names of classes instead of nodes, windows instead of hours.
    words = in_class_words if says_classes(inputs) else str
    opening = {
        section: [words(sentence) for sentence in sentences]
        for section, sentences in section_sentences(inputs).items()
    }
    said = [sentence for sentences in opening.values() for sentence in sentences]
    shown_tables = [name for name in tables if f"table {name}" not in LEFT_OUT]
    made, shared = _tables(inputs, shown_tables, times, said)
    shown = made | {
        f"figure {name}": {
            "name": name,
            "images": [_data_uri(png) for png in pages_of(path.read_bytes())],
            "caption": words(declared("figure", name).caption),
        }
        for name, path in figures.items()
    }
    own = [part for name, part in shown.items() if name not in PLACED]
    panel = inputs.panel
    page: str = environment.get_template("report.html.j2").render(
        study=inputs.config["study"],
        css=Markup(files("wattshed.publish.report").joinpath("report.css").read_text(encoding="utf-8")),
        trust=trust_lines(inputs),
        knowledge=knowledge(inputs),
        readings=readings_lines(inputs),
        answers=[(words(question), words(sentence)) for question, sentence in answers(inputs)],
        picture=shown.get(PICTURE),
        sections=_sections(SECTIONS, shown, opening, words),
        folded=_sections(FOLDED, shown, {}, words),
        further=own,
        shared_notes=shared,
        panel=panel,
        span=[str(panel.times[0])[:10], str(panel.times[-1])[:10]],
        cuts=inputs.json("splits")["cuts_utc"],
        graph_method=degrees_of(inputs)[1],
        numbers=numbers,
        simulated="choice" in inputs and all(choice["label"] == "simulated" for choice in choices_of(inputs)),
        origin=origin_of(inputs.frame("runs")),
        files=sorted({file for name in tables for file in _tex_files(name)}),
        config=yaml.safe_dump(inputs.config, sort_keys=False, allow_unicode=True),
        numbers_json=_script_json(numbers),
    )
    return page


def _tables(
    inputs: Inputs, names: Sequence[str], times: pd.DataFrame | None, said: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Tables by part, each with its own notes only, and the notes that the page says once for all of them.

    said: sentences that open sections.
    """
    windows = inputs.frame("windows")
    disturbed: dict[str, None] = {}
    made: dict[str, list[tuple[str, Table]]] = {}
    for name in names:
        part = load("table", name)
        made[f"table {name}"] = _named(part.tables(name, inputs))
        disturbed |= dict.fromkeys(window_notes(windows, part.windows)) if part.windows else {}
    if times is not None and not times.empty:
        made["table time"] = [("time", time_table(times))]
    flat = [table for tables in made.values() for _, table in tables]
    of_ladder = ladder_notes(inputs.frame("ladder")) if "ladder" in inputs else []
    found = share_notes(flat, [*disturbed, *of_ladder, *said])
    kept = iter(found.tables)
    parts = {
        name: {"tables": [{"id": id, "content": next(kept)} for id, _ in tables]}
        for name, tables in made.items()
    }
    return parts, [*found.shared, *(disturbed or of_ladder)]


def _named(by_file: Mapping[str, Sequence[Table]]) -> list[tuple[str, Table]]:
    """All tables of a part, each under its file's name."""
    several = any(len(tables) > 1 for tables in by_file.values())
    return [(table.name if several else file, table) for file, tables in by_file.items() for table in tables]


def _tex_files(name: str) -> list[str]:
    about = declared("table", name)
    return [] if about.in_report_only else [f"{file}.tex" for file in about.files]


def _sections(
    sections: Sequence[Section],
    shown: Mapping[str, Any],
    sentences: Mapping[str, list[str]],
    words: Callable[[str], str],
) -> list[dict[str, Any]]:
    """The sections that have a part or a sentence. words: turns titles and intros into the study's words."""
    found = [
        {
            "id": section.id,
            "title": words(section.title),
            "intro": words(section.intro),
            "sentences": sentences.get(section.id, []),
            "parts": [shown[part] for part in section.parts if part in shown],
        }
        for section in sections
    ]
    return [section for section in found if section["parts"] or section["sentences"]]


def soft(text: str) -> Markup:
    """Escaped text; a name may break after ``_`` and ``+``, and nowhere else."""
    shown = str(escape(text))
    return Markup(shown if " " in text else re.sub(r"([_+])(?=\w)", r"\1<wbr>", shown))


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _script_json(value: Any) -> Markup:
    """JSON that cannot close the script element that contains it."""
    return Markup(json.dumps(value, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c"))
