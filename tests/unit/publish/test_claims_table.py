"""The tables of claims show each claim once, with all of its measurements, and count the verdicts."""

import pandas as pd
import pytest

from wattshed.accounts.claims.judging import COLUMNS
from wattshed.publish.sentences.claims import claims_sentence
from wattshed.publish.tables.claims import claims_tables


def claims(*rows):
    """Rows of (claim, topic, mean, low, high, n, verdict)."""
    frame = [
        {
            "source": "study", "document": "Study", "place": "plan", "claim": claim, "topic": topic,
            "says": f"says {claim}",
            "claimed": "-70 %", "unit": "%", "of": None if mean is None else f"of {claim}", "mean": mean, "low": low,
            "high": high, "n": n, "verdict": verdict, "where": None if mean is None else "table x",
            "reason": "no stage does it" if mean is None else None,
        }
        for claim, topic, mean, low, high, n, verdict in rows
    ]  # fmt: skip
    return pd.DataFrame(frame, columns=list(COLUMNS)).astype(COLUMNS)


FRAME = claims(
    ("a", "energy", -80.0, -90.0, -75.0, 3, "holds"),
    ("a", "energy", 20.0, 10.0, 30.0, 3, "does not hold"),
    ("b", "energy", None, None, None, None, "not measured here"),
    ("c", "errors", 1766.0, 1766.0, 1766.0, 1, "does not hold"),
    ("d", "errors", 4.0, None, None, 1, "undecided"),
)


def test_each_topic_has_a_table_and_each_claim_is_named_once():
    tables = claims_tables(FRAME, "a cap.")
    assert [table.name for table in tables] == ["claims_energy", "claims_errors"]
    assert [row[0].text for row in tables[0].rows] == ["says a (Study, plan)", "", "says b (Study, plan)"]
    assert "n = 2 claims" in tables[0].caption
    assert tables[0].notes[-1] == "a cap."


def test_every_table_says_that_verdicts_are_not_corrected():
    for table in claims_tables(FRAME):
        assert sum("not corrected for the number of claims" in note for note in table.notes) == 1


def test_notes_say_how_ranges_are_judged_and_where_errors_are():
    sizes = claims(("e", "time and size", -60.0, -70.0, -50.0, 3, "holds"))
    both = claims_tables(pd.concat([sizes, FRAME], ignore_index=True))
    assert [table.name for table in both] == ["claims_energy", "claims_time_and_size", "claims_errors"]
    ranges = [any("counts as its lower end: at least" in note for note in table.notes) for table in both]
    assert ranges == [True, True, False]
    errors = [any("errors are in the next table" in note for note in table.notes) for table in both]
    assert errors == [False, True, False]
    (alone,) = claims_tables(sizes)
    assert not any("errors are in the next table" in note for note in alone.notes)


def test_a_row_has_value_interval_n_and_where():
    (holds, fails, missing), (exact, single) = (table.rows for table in claims_tables(FRAME))
    texts = [[cell.text for cell in row[2:]] for row in (holds, fails, missing, exact, single)]
    assert texts == [
        ["of a; table x", "-80.0 %", "[-90.0, -75.0]", "3", "holds"],
        ["of a; table x", "20.0 %", "[10.0, 30.0]", "3", "does not hold"],
        ["no stage does it", "–", "–", "–", "not measured here"],
        ["of c; table x", "1766 %", "–", "–", "does not hold"],
        ["of d; table x", "4.00 %", "–", "1", "undecided"],
    ]


def test_the_sentence_counts_claims_and_not_rows():
    assert claims_sentence(FRAME) == (
        "Of 4 claims (Study), 1 holds for a part of what was measured, 1 does not hold, 1 is undecided, 1 was not "
        "measured here."
    )
    assert claims_tables(FRAME)[0].notes[0] == claims_sentence(FRAME)


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["holds", "holds"], "1 holds."),
        (["holds", "undecided"], "1 holds for a part of what was measured."),
        (["does not hold", "undecided"], "1 is undecided."),
    ],
)
def test_measurements_of_one_claim_count_together(verdicts, said):
    rows = [("a", "energy", -80.0, -90.0, -75.0, 3, verdict) for verdict in verdicts]
    assert claims_sentence(claims(*rows)).endswith(said)
