"""The page of ``wattshed clocks compare``: what differs between two recordings, or between two settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattshed.clocks.deploying.before_after import (
    QUANTITIES,
    BeforeAfter,
    CellComparison,
    Comparison,
    SettingComparison,
)
from wattshed.publish.clock_report.html_parts import Column, Html, bullets, folded, page, picture, table
from wattshed.publish.clock_report.numbers import interval, quantity

RATIO_NOTE = (
    "Changes are of geometric means, second against first: positive is more. Brackets: 95 % intervals, Welch's of the "
    "logarithms, each alone; those of whole cells hold for all cells together. Cold and hot runs are left out as in "
    "the choice of a clock."
)


def cell_sentence(cell: CellComparison) -> str:
    """Whether one GPU and workload differs between the recordings."""
    name = f"{cell.gpu}, {cell.workload}"
    aside = aside_words((cell.aside_first, cell.aside_second), ("the first", "the second"))
    if not cell.settings:
        return f"{name}: no setting has runs that count in both recordings.{aside}"
    said = {True: "differs", False: "no difference is shown", None: "undecided, too few runs"}[cell.differs]
    n = len({one.setting_before for one in cell.settings})
    changes = f"energy {interval(cell.energy)}, time {interval(cell.time)}"
    return f"{name}: {said}; over {n} common settings {changes}.{aside}"


def aside_words(aside: tuple[Mapping[str, int], Mapping[str, int]], sides: tuple[str, str]) -> str:
    """How many runs do not count, as a sentence with a space before it; empty where all do."""
    parts = []
    for counts, side in zip(aside, sides, strict=True):
        known = [f"{n} {reason}" for reason, n in counts.items() if n]
        if known:
            many = "run" if sum(counts.values()) == 1 else "runs"
            parts.append(f"{' and '.join(known)} {many} of {side}")
    return f" Left out: {', '.join(parts)}." if parts else ""


def recordings_page(
    names: tuple[str, str],
    found: Comparison,
    answers: Sequence[str],
    figures: Mapping[int, Path],
    numbers: dict[str, Any],
) -> str:
    """answers: differences of the recommendations, if both sides have them; figures: PNG by the cell's place."""
    opening = [*map(cell_sentence, found.cells), *answers]
    opening += [f"Only in the first: {name}." for name in found.only_first]
    opening += [f"Only in the second: {name}." for name in found.only_second]
    sections = []
    for place, cell in enumerate(found.cells):
        parts = []
        if place in figures:
            parts.append(
                picture(
                    figures[place], "Change of time and energy at each common setting, with 95 % intervals."
                )
            )
        parts.append(folded("All settings", changes_table(cell.settings)))
        sections.append(
            (f"cell-{place + 1}", f"{cell.gpu}, {cell.workload}", Html("".join(p.text for p in parts)))
        )
    return page("Two recordings compared", " against ".join(names), [bullets(opening)], sections, numbers)


def before_after_page(
    names: tuple[str, str],
    found: Mapping[tuple[str, ...], BeforeAfter],
    verdicts: Sequence[str],
    figures: Mapping[int, Path],
    numbers: dict[str, Any],
) -> str:
    sections = []
    for place, (key, cell) in enumerate(found.items()):
        parts = [changes_table(cell.changes, ("Before", "After"))] if cell.changes else []
        if place in figures:
            parts.append(picture(figures[place], "After against before: change with its 95 % interval."))
        sections.append((f"cell-{place + 1}", ", ".join(key[:2]), Html("".join(part.text for part in parts))))
    return page("Before and after", " against ".join(names), [bullets(verdicts)], sections, numbers)


def setting_text(one: SettingComparison) -> str:
    """``990``, or ``1410 → 990`` where the two sides ran at different settings."""
    same = one.setting_before == one.setting_after
    return str(one.setting_before) if same else f"{one.setting_before} → {one.setting_after}"


def changes_table(rows: Sequence[SettingComparison], sides: tuple[str, str] = ("First", "Second")) -> Html:
    """sides: headings of the two columns that are compared."""
    cells: list[list[str | Html]] = [
        [
            setting_text(one),
            f"{QUANTITIES[one.quantity][0]} ({QUANTITIES[one.quantity][1]})",
            quantity(one.before),
            quantity(one.after),
            interval(one.change),
            f"{one.before_n}, {one.after_n}",
        ]
        for one in rows
    ]
    columns = [
        Column("Setting", numeric=True),
        Column("Quantity"),
        Column(sides[0], numeric=True),
        Column(sides[1], numeric=True),
        Column("Change", numeric=True),
        Column("Runs", numeric=True),
    ]
    caption = f"{sides[0]} and {sides[1].lower()}: means, change and numbers of runs."
    return table(caption, columns, cells, [RATIO_NOTE])
