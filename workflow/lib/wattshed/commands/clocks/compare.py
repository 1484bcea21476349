"""``wattshed clocks compare``: two recordings, or two settings as before and after."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.clocks.deploying.before_after import (
    QUANTITIES,
    SettingComparison,
    compare_recordings,
    compare_settings,
)
from wattshed.commands.clocks.output_folder import COMPARED, check_own_folder
from wattshed.commands.clocks.recordings import runs_of
from wattshed.commands.output_place import writing
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import whole_file, write_json, write_text
from wattshed.publish.clock_report.comparison_figure import Draw, chart, draw_before_after, draw_settings
from wattshed.publish.clock_report.comparison_page import (
    aside_words,
    before_after_page,
    cell_sentence,
    recordings_page,
)
from wattshed.publish.clock_report.numbers import interval
from wattshed.publish.clock_report.pdf import write_pdf
from wattshed.publish.drawing.figure_style import save_figure

FINDING_EXIT_CODE, UNDECIDED_EXIT_CODE = 1, 3
MARK = "comparison.json"
# A longest run of this many medians of its side is named: it was not the first, or repeats are too few to tell.
LONG_RATIO = 1.5
Cells = list[tuple[str, Sequence[SettingComparison]]]


def run(arguments: argparse.Namespace) -> int:
    if (arguments.before is None) != (arguments.after is None):
        lacking = "--after" if arguments.after is None else "--before"
        raise Fault(f"{lacking} is missing: expected both settings or neither; add it.")
    if arguments.output:
        check_own_folder(arguments.output, COMPARED, MARK)
    (first, ours), (second, theirs) = (
        runs_of(path, arguments) for path in (arguments.first, arguments.second)
    )
    if arguments.before is not None:
        return _before_after(arguments, first, second)
    return _recordings(arguments, first, second, choice_answers(ours, theirs))


def _recordings(
    arguments: argparse.Namespace, first: pd.DataFrame, second: pd.DataFrame, answers: list[str]
) -> int:
    found = compare_recordings(first, second)
    if not found.cells:
        raise Fault(
            f"the recordings share no GPU, workload and knob: the first has {', '.join(found.only_first) or 'none'}, "
            f"the second {', '.join(found.only_second) or 'none'}; name what is the same with --gpu and --workload."
        )
    numbers = found.to_json() | {"choices": answers}
    said = [*map(cell_sentence, found.cells), *answers]
    said += [f"Only in the first: {name}." for name in found.only_first]
    said += [f"Only in the second: {name}." for name in found.only_second]
    _show(arguments, numbers, said)
    if arguments.output:
        cells: Cells = [(f"{cell.gpu}, {cell.workload}", cell.settings) for cell in found.cells]

        def page(figures: dict[int, Path]) -> str:
            return recordings_page(_names(arguments), found, answers, figures, numbers)

        _write(arguments.output, numbers, said, cells, page, draw_settings, "Two recordings compared")
    verdicts = [cell.differs for cell in found.cells]
    if True in verdicts:
        return FINDING_EXIT_CODE
    return UNDECIDED_EXIT_CODE if None in verdicts else 0


def _before_after(arguments: argparse.Namespace, first: pd.DataFrame, second: pd.DataFrame) -> int:
    found = compare_settings(first, second, arguments.before, arguments.after)
    said, codes = [], []
    for key, cell in found.items():
        name = f"{', '.join(key[:2])}, {arguments.before} → {arguments.after}"
        aside = aside_words((cell.aside_before, cell.aside_after), ("before", "after"))
        if not cell.changes:
            codes.append(UNDECIDED_EXIT_CODE)
            said.append(f"{name}: undecided, because no run of one side counts.{aside} Measure again, warm.")
            continue
        by_name = {one.quantity: one.change for one in cell.changes}
        energy = by_name["energy_j"]
        if energy.low is None or energy.high is None:
            verdict, code = "undecided, too few runs", UNDECIDED_EXIT_CODE
        elif _long_words(cell.changes):
            verdict, code = "undecided, because one run took far longer than the others", UNDECIDED_EXIT_CODE
        elif energy.high < 0:
            verdict, code = "less energy is shown", 0
        elif energy.low > 0:
            verdict, code = "more energy is shown", FINDING_EXIT_CODE
        else:
            verdict, code = "no difference in energy is shown", UNDECIDED_EXIT_CODE
        codes.append(code)
        said.append(
            f"{name}: {verdict}; energy {interval(energy)}, time {interval(by_name['time_s'])}, power "
            f"{interval(by_name['power_w'])}.{aside}{_long_words(cell.changes)}"
        )
    numbers = {
        "before": arguments.before,
        "after": arguments.after,
        "cells": [
            {
                "gpu": key[0],
                "workload": key[1],
                "knob": key[2],
                "changes": [_plain(one) for one in cell.changes],
                "aside_before": cell.aside_before,
                "aside_after": cell.aside_after,
            }
            for key, cell in found.items()
        ],
    }
    _show(arguments, numbers, said)
    if arguments.output:
        cells: Cells = [(", ".join(key[:2]), cell.changes) for key, cell in found.items()]

        def page(figures: dict[int, Path]) -> str:
            return before_after_page(_names(arguments), found, said, figures, numbers)

        _write(arguments.output, numbers, said, cells, page, draw_before_after, "Before and after")
    if FINDING_EXIT_CODE in codes:
        return FINDING_EXIT_CODE
    return UNDECIDED_EXIT_CODE if UNDECIDED_EXIT_CODE in codes else 0


def _long_words(rows: Sequence[SettingComparison]) -> str:
    longest = next(one.largest for one in rows if one.quantity == "time_s")
    if longest < LONG_RATIO:
        return ""
    return f" One run that counts took {longest:.1f} times the median of its side: look what happened to it."


def choice_answers(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> list[str]:
    """How the choices of two output folders differ, one sentence per GPU and workload that both have."""
    keys = ("gpu", "workload", "knob")
    second = {tuple(one[key] for key in keys): one for one in theirs}
    said = []
    for one in ours:
        other = second.get(tuple(one[key] for key in keys))
        if other is None:
            continue
        name, unit = f"{one['gpu']}, {one['workload']}", one["unit"]
        if (one["status"], one["setting"]) == (other["status"], other["setting"]):
            said.append(
                f"{name}: both say {one['status']}, {one['setting']} {unit} (saving {interval(one, 'saving')} and "
                f"{interval(other, 'saving')})."
            )
        else:
            said.append(
                f"{name}: the choice differs: {one['status']}, {one['setting']} {unit} (saving "
                f"{interval(one, 'saving')}) against {other['status']}, {other['setting']} {unit} (saving "
                f"{interval(other, 'saving')})."
            )
    return said


def _show(arguments: argparse.Namespace, numbers: dict[str, Any], said: Sequence[str]) -> None:
    print(json.dumps(numbers, indent=2, allow_nan=False) if arguments.json else "\n".join(said))


def _write(
    folder: Path,
    numbers: dict[str, Any],
    said: Sequence[str],
    cells: Cells,
    page: Callable[[dict[int, Path]], str],
    draw: Draw,
    title: str,
) -> None:
    with writing(folder, "--output"):
        # First the file by which the folder is known, so that a run that was killed can be repeated.
        write_json(folder / MARK, numbers, sealed=True)
        with whole_file(folder / "comparison.csv") as temporary:
            _table(cells).to_csv(temporary, index=False)
        sides = ("Before", "After") if draw is draw_before_after else ("First", "Second")
        write_pdf(folder / "comparison.pdf", title, said, cells, draw, sides)
        for stale in (folder / "figures").glob("cell-*.p*"):
            stale.unlink()
        figures = {}
        for place, (name, rows) in enumerate(cells):
            if rows:
                stem = folder / "figures" / f"cell-{place + 1:02}"
                figures[place] = stem.with_suffix(".png")
                save_figure(chart(draw, rows, name), stem.with_suffix(".pdf"), figures[place])
        write_text(folder / "comparison.html", page(figures))


def _table(cells: Cells) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"cell": name, "unit": QUANTITIES[one.quantity][1], **_plain(one)}
            for name, rows in cells
            for one in rows
        ]
    )


def _plain(one: SettingComparison) -> dict[str, Any]:
    return {
        "quantity": one.quantity,
        "setting_before": one.setting_before,
        "setting_after": one.setting_after,
        "before": one.before,
        "after": one.after,
        "before_n": one.before_n,
        "after_n": one.after_n,
        "change_share": one.change.share,
        "change_low": one.change.low,
        "change_high": one.change.high,
    }


def _names(arguments: argparse.Namespace) -> tuple[str, str]:
    return str(arguments.first), str(arguments.second)
