"""docs/drift.md: what its sentences say follows from its table, and every strategy is in it."""

import importlib
import re

import pytest

from wattshed.foundation import plugins


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/drift.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(page):
    """Cells by strategy and title."""
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in page.splitlines()
        if line[:1] == "|"
    ]
    titles = [title.strip("| ") for title in lines[0]]
    return {cells[0].strip("`| "): dict(zip(titles, cells, strict=True)) for cells in lines[2:]}


def high(cell):
    """Upper end of `mean [low, high]`; None for a dash."""
    found = re.search(r", ([+-][\d.]+)\]", cell)
    return float(found[1]) if found else None


def named(page, rows, says):
    """The strategies that a sentence says this of."""
    sentence = next(line for line in page.splitlines() if says in line)
    who = sentence.split(f" have {says}")[0]
    reference = set(re.findall(r"`(\w+)`", says))
    if who.startswith("All other strategies"):
        return set(rows) - reference - set(re.findall(r"`(\w+)`", who))
    return set(re.findall(r"`(\w+)`", who.split(" (but not ")[0].split(", ", 1)[1]))


@pytest.mark.parametrize(
    ("column", "head"),
    [
        ("prequential: change against frozen, kWh", "less prequential error than `frozen`"),
        ("forgotten: change against naive, points", "forgotten less than `naive`"),
    ],
)
def test_the_sentences_follow_from_the_intervals(page, rows, column, head):
    below = {name for name, row in rows.items() if (end := high(row[column])) is not None and end < 0}
    assert named(page, rows, head) == below
    assert {"replay", "der", "node_table"} <= below


def test_every_strategy_but_the_control_has_less_prequential_error(page, rows):
    assert named(page, rows, "less prequential error than `frozen`") == set(rows) - {"frozen"}
    assert all(
        high(row["prequential: change against frozen, kWh"]) < 0
        for name, row in rows.items()
        if name != "frozen"
    )


def test_every_column_is_defined_on_the_page(page, rows):
    titles = {title.split(":")[0].split(",")[0] for row in rows.values() for title in row}
    known = page.split("which are not judged here.")[1].lower()
    for title in titles - {"strategy", "processor"}:
        assert f"{title}: ".lower() in known, title


def test_the_sentences_name_who_is_left_open(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    drift = importlib.import_module("drift")
    assert drift._who(["a", "b"], ["a", "b"], "others") == "All others have"
    assert drift._who(["a"], ["a", "b"], "others") == "Of the others, `a` (but not `b`) have"
    assert drift._who([], ["a", "b"], "others") == "None of the others is shown to have"
    assert drift.COLUMNS in (root / "docs/drift.md").read_text(encoding="utf-8")


def test_the_page_says_on_which_panels_defaults_were_chosen(page):
    assert (
        "Defaults of strategies were chosen on two other panels of the same generator (101 and 102)" in page
    )


def test_every_strategy_is_judged(rows):
    """``exact`` is for closed forms, which this page does not train."""
    kinds = {*plugins.names("strategy")} - {"exact"}
    assert kinds <= set(rows)
