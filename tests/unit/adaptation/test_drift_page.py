"""docs/drift.md: what its sentences say follows from its table, and every strategy is in it."""

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


def named(page, head):
    """The strategies that a sentence names."""
    sentence = next(line for line in page.splitlines() if line.startswith(head))
    return set(re.findall(r"`(\w+)`", sentence.split("interval below 0: ")[1].split(" Not so: ")[0]))


@pytest.mark.parametrize(
    ("column", "head"),
    [
        ("prequential less frozen", "Less prequential error than `frozen`"),
        ("forgotten less naive, points", "Less forgotten than `naive`"),
    ],
)
def test_the_sentences_follow_from_the_intervals(page, rows, column, head):
    below = {name for name, row in rows.items() if (end := high(row[column])) is not None and end < 0}
    assert named(page, head) == below
    assert {"replay", "der", "node_table"} <= below


def test_every_strategy_but_the_control_has_less_prequential_error(page, rows):
    assert named(page, "Less prequential error than `frozen`") == set(rows) - {"frozen"}
    assert all(high(row["prequential less frozen"]) < 0 for name, row in rows.items() if name != "frozen")


def test_the_page_says_on_which_panels_defaults_were_chosen(page):
    assert (
        "Defaults of strategies were chosen on two other panels of the same generator (101 and 102)" in page
    )


def test_every_strategy_is_judged(rows):
    """``exact`` is for closed forms, which this page does not train."""
    kinds = {*plugins.names("strategy")} - {"exact"}
    assert kinds <= set(rows)
