from hypothesis import given
from hypothesis import strategies as st

from wattshed.publish.typesetting.shared_notes import DASH_NOTE, share_notes
from wattshed.publish.typesetting.table import ESTIMATED, Cell, Column, Table
from wattshed.statistics.intervals import METHOD_NOTE


def table(name, *notes, mark=""):
    return Table(name, "c", [Column("Model")], [[Cell("gru", mark)]], list(notes))


def test_methods_and_marks_are_said_once_for_all_tables():
    found = share_notes(
        [
            table("a", "own of a.", f"{METHOD_NOTE}, over seeds.", mark=ESTIMATED),
            table("b", f"{METHOD_NOTE}; a dash where n = 1.", mark=ESTIMATED),
        ]
    )
    assert [one.notes for one in found.tables] == [["own of a."], []]
    assert found.shared[0].startswith(f"{ESTIMATED} estimated")
    assert sum(METHOD_NOTE in note for note in found.shared) == 1
    assert found.shared[-1] == DASH_NOTE


def test_a_repeated_note_stays_with_its_first_table():
    found = share_notes([table("a", "capped."), table("b", "capped.", "other.")])
    assert [one.notes for one in found.tables] == [["capped."], ["other."]]


def test_what_the_page_says_elsewhere_is_left_out():
    assert share_notes([table("a", "not alone.", "x")], ["not alone."]).tables[0].notes == ["x"]


@given(
    st.lists(
        st.lists(
            st.sampled_from(["note 1.", "note 2.", "note 3.", f"{METHOD_NOTE}."]), max_size=4, unique=True
        ),
        max_size=5,
    )
)
def test_every_note_is_said_exactly_once(notes):
    tables = [table(str(place), *own) for place, own in enumerate(notes)]
    found = share_notes(tables)
    said = [note for one in found.tables for note in one.notes] + found.shared
    assert len(said) == len(set(said))
    for note in {note for own in notes for note in own}:
        assert sum(note.removesuffix(".") in one for one in said) == 1
