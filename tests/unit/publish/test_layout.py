"""How a table is laid out follows from its content alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.publish.typesetting.column_widths import aligns, stack
from wattshed.publish.typesetting.glyphs import BREAK, lines_needed, pieces, text_em, with_breaks
from wattshed.publish.typesetting.latex import render_table
from wattshed.publish.typesetting.layout import (
    ATTEMPTS,
    NORMAL,
    SMALL,
    TEXT_HEIGHT_CM,
    TEXT_WIDTH_CM,
    height_cm,
    layout_of,
    width_cm,
)
from wattshed.publish.typesetting.table import Cell, Column, Table

LONG = "prune_half_then_low_rank_sixteen"
SMALL_TABLE = r"""\begin{table}[htbp]
\centering
\caption{Errors, n = 2.}
\label{tab:errors}
\footnotesize
\setlength{\tabcolsep}{3.5pt}
\begin{tabular}{lS[table-format=1.2]>{\raggedright\arraybackslash}p{2.4cm}}
\toprule
{Model} & {RMSE} & {Variant} \\
{} & {(kWh)} & {} \\
\midrule
a\_b & \bfseries 0.50 & half\_\allowbreak{}size \\
c & 0.75 & \% \\
\bottomrule
\end{tabular}

\smallskip
\begin{minipage}{\linewidth}
\raggedright
A note.
\end{minipage}
\end{table}
"""


def named(rows, name=LONG, numbers=3, width=None, notes=()):
    """A table of names, each with some intervals."""
    columns = [Column("Variant", width_cm=width), *[Column("95 % interval", "kWh")] * numbers]
    body = [[Cell(f"{name}_{row}"), *[Cell("[0.6595, 0.7384]")] * numbers] for row in range(rows)]
    return Table("made", "Made for a test, n = 1.", columns, body, list(notes))


def test_a_table_that_fits_is_a_plain_float():
    columns = [Column("Model"), Column("RMSE", "kWh", numeric=True), Column("Variant", width_cm=2.4)]
    rows = [
        [Cell("a_b"), Cell("0.50", best=True), Cell("half_size")],
        [Cell("c"), Cell("0.75"), Cell("%")],
    ]
    assert render_table(Table("errors", "Errors, n = 2.", columns, rows, ["A note."])) == SMALL_TABLE


@pytest.mark.parametrize(
    ("rows", "numbers", "size", "turned", "paged"),
    [
        (5, 3, NORMAL, False, False),
        (5, 6, NORMAL, False, False),
        (5, 7, SMALL, False, False),
        (5, 8, NORMAL, True, False),
        (5, 10, SMALL, True, False),
        (80, 3, NORMAL, False, True),
        (40, 3, NORMAL, False, False),
        (80, 8, NORMAL, True, True),
    ],
)
def test_a_table_is_narrowed_then_set_smaller_then_turned_and_runs_over_pages(
    rows, numbers, size, turned, paged
):
    table = named(rows, numbers=numbers)
    layout = layout_of(table)
    assert (layout.size, layout.turned, layout.paged) == (size, turned, paged)
    assert width_cm(table, layout) <= (TEXT_HEIGHT_CM if turned else TEXT_WIDTH_CM) + 1e-9


def test_many_notes_make_a_table_run_over_pages():
    notes = [f"{LONG}_{number}: " + 20 * "why it is so " for number in range(30)]
    assert layout_of(named(3, notes=notes)).paged
    assert not layout_of(named(3, notes=notes[:3])).paged


def test_names_become_narrower_only_where_they_must_and_then_hang():
    wide, narrow = layout_of(named(5, numbers=3)), layout_of(named(5, numbers=6))
    assert wide.widths_cm == (None,) * 4
    assert not any(wide.hung)
    assert 0 < narrow.widths_cm[0] < text_em(f"{LONG}_0") * NORMAL.em_pt / 28.45
    assert narrow.hung[0]
    assert r"\hangindent" in render_table(named(5, numbers=6))


def test_a_declared_width_grows_over_pages_and_to_the_widest_word():
    assert layout_of(named(5, width=2.4)).widths_cm[0] == 2.4
    assert layout_of(named(80, width=2.4)).widths_cm[0] > 4
    assert layout_of(named(5, "a" * 18, width=2.0)).widths_cm[0] > 2.0


def test_a_table_that_fits_in_no_way_gets_the_last_layout():
    layout = layout_of(named(2, numbers=30))
    assert (layout.size, layout.turned, layout.stacked) == (SMALL, True, True)
    assert ATTEMPTS[-1] == {"turned": True, "stacked": True, "size": SMALL}


def test_a_table_without_rows_or_with_empty_texts_is_a_float():
    for rows in ([], [[Cell(""), Cell("")]]):
        table = Table("none", "None, n = 0.", [Column("Model"), Column("", numeric=True)], rows)
        assert not layout_of(table).paged
        assert r"\begin{table}" in render_table(table)


def test_pages_repeat_the_header_and_say_that_they_go_on():
    tex = render_table(named(80, notes=["A note."]))
    head, _, rest = tex.partition(r"\endfirsthead")
    again, _, foot = rest.partition(r"\endhead")
    for text in (head, again):
        assert r"{Variant} & {95 \% interval}" in text
    assert r"\thetable{}, continued" in again
    assert r"Continued on the next page" in foot.partition(r"\endfoot")[0]
    assert tex.index("A note.") > tex.index(r"\end{longtable}")
    assert r"\begin{landscape}" in render_table(named(80, numbers=8))


@settings(max_examples=50)
@given(
    rows=st.integers(0, 60),
    names=st.lists(st.text(alphabet="abcXYZ_09+ é漢%", max_size=45), min_size=1, max_size=4),
    numbers=st.integers(0, 14),
    width=st.none() | st.floats(1.0, 5.0),
)
def test_a_layout_is_the_same_each_time_and_holds_its_promises(rows, names, numbers, width):
    columns = [Column("Name", width_cm=width), *[Column("E of all", "J", numeric=True)] * numbers]
    body = [[Cell(names[row % len(names)]), *[Cell("12.345")] * numbers] for row in range(rows)]
    table = Table("made", "Made.", columns, body)
    layout = layout_of(table)
    assert layout == layout_of(table)
    room = TEXT_HEIGHT_CM if layout.turned else TEXT_WIDTH_CM
    assert width_cm(table, layout) <= room + 1e-9 or (layout.turned and layout.size == SMALL)
    page = TEXT_WIDTH_CM if layout.turned else TEXT_HEIGHT_CM
    assert layout.paged or height_cm(table, layout) <= page
    assert render_table(table) == render_table(table)


@given(st.text(alphabet="abWi_+- é", max_size=60), st.floats(1.0, 60.0))
def test_narrower_columns_take_no_fewer_lines(text, width):
    assert lines_needed(text, width) >= lines_needed(text, 2 * width) >= 1
    assert with_breaks(text).replace(BREAK, "") == text


def test_names_break_after_underscores_and_plus_and_within_very_long_words():
    assert pieces("stgnn+half_size is not-so") == ["stgnn+", "half_", "size", "is", "not-", "so"]
    assert pieces("a" * 20) == ["a" * 20]
    assert pieces("a" * 25) == ["a" * 10, "a" * 10, "a" * 5]


def test_titles_are_stacked_at_the_space_that_makes_them_shortest():
    assert stack("FWT of a random network") == ("FWT of a", "random network")
    assert stack("spatial_temporal_graph") == ("spatial_", "temporal_graph")
    assert stack("Training") == ("", "Training")
    assert stack("") == ("", "")


def test_numbers_align_only_with_equal_decimals():
    assert aligns([Cell("0.1"), Cell("22.5"), Cell("no fit")])
    assert not aligns([Cell("0.1"), Cell("22")])


def test_a_note_may_begin_with_a_bracket_or_a_star_and_an_empty_one_is_left_out():
    table = Table("t", "c", [Column("A")], [[Cell("a")]], ["first", "[1] second", " * third", " "])
    # After a line break, LaTeX would read a bracket as a length, and swallow a star.
    assert "first\\\\{}[1] second\\\\{} * third\n" in render_table(table)


def test_a_long_lineage_may_break_in_captions_and_notes_and_a_short_name_stays_whole():
    lineage = "+".join(["compress_and_adapt"] * 6)
    table = Table(
        "t", f"Of {lineage}.", [Column("A")], [[Cell("a")]], [f"{lineage}: undecided.", "Not of half_size."]
    )
    text = render_table(table)
    assert text.count(r"and\_\allowbreak{}adapt+\allowbreak{}") == 2 * 5
    assert r"Not of half\_size." in text
