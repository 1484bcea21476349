"""What is said wherever energies are shown: whose work was not alone, and which energies are lower bounds."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from wattshed.publish.drawing.figure_notes import put_notes
from wattshed.publish.notes.beside_others import disturbed
from wattshed.publish.notes.lower_bounds import at_least, lower_bound_notes
from wattshed.publish.notes.runs import run_notes
from wattshed.publish.notes.windows import short_notes, window_notes

NAMES = ("epoch", "update")


def windows(*rows):
    """rows: (window, model, lineage, others' processor seconds in 10 s, what is not metered)."""
    frame = pd.DataFrame(rows, columns=["window", "model", "lineage", "others_cpu_s", "lacks"])
    return frame.assign(seed=1, own_cpu_s=9.0, duration_s=10.0, lacks=frame["lacks"].astype("string"))


QUIET = ("epoch", "gru", None, 0.1, None)
BURDENED = ("epoch", "stgnn", None, 9.0, None)
NO_GPU = ("epoch", "stgnn", None, 0.1, "GPU not metered")


def test_quiet_and_whole_work_has_no_note():
    assert window_notes(windows(QUIET), NAMES) == []


def test_work_beside_others_is_named_and_other_work_is_not():
    frame = windows(QUIET, BURDENED, ("update", "gru", "gru+naive", 9.0, None))
    (note,) = window_notes(frame, NAMES)
    assert "stgnn (1 of 1 seeds), gru+naive (1 of 1 seeds)." in note
    assert window_notes(frame, ("fit",)) == []
    assert [disturbed(frame, NAMES, name) for name in ("gru", "stgnn", "gru+naive")] == [False, True, True]


def test_energies_without_a_part_of_the_machine_are_lower_bounds():
    mixed = windows(QUIET, NO_GPU)
    assert lower_bound_notes(mixed, NAMES) == [
        "Energies are lower bounds, because a part was not metered: stgnn (GPU not metered)."
    ]
    assert lower_bound_notes(windows(NO_GPU), NAMES) == [
        "Every energy here is a lower bound: GPU not metered."
    ]
    assert [at_least(mixed, NAMES, name) for name in ("gru", "stgnn")] == ["", "at least "]


def test_figures_have_few_words_and_at_most_six_names():
    many = windows(
        QUIET, *(("epoch", f"model_{number}", None, 9.0, "GPU not metered") for number in range(9))
    )
    bound, beside = short_notes(many, NAMES)
    first = ", ".join(f"model_{number}" for number in range(6))
    assert bound == f"Lower bounds (GPU not metered): {first} and 3 more."
    assert beside == f"Not alone on the machine: {first} and 3 more."
    assert short_notes(windows(QUIET), NAMES) == []
    assert short_notes(windows(BURDENED), NAMES) == ["No work here was alone on the machine."]
    assert window_notes(windows(BURDENED), NAMES)[0].startswith(
        "No work here was alone on the machine: others took"
    )


NOTE = "Not alone on the machine: " + "gru, " * 40


@pytest.mark.parametrize("title", [None, "Title"])
def test_notes_lie_above_a_figure_below_its_title_and_make_it_higher(title):
    figure = plt.figure(figsize=(4, 3))
    if title:
        figure.suptitle(title)
    put_notes(figure, [])
    assert (figure.get_suptitle(), figure.get_figheight()) == (title or "", 3)
    put_notes(figure, [NOTE])
    lines = figure.get_suptitle().splitlines()
    assert lines[0] == title if title else lines[0].startswith("Not alone")
    assert max(map(len, lines)) <= 64
    assert figure.get_figheight() > 3.4
    plt.close(figure)


def test_a_key_above_the_axes_takes_the_notes_so_that_nothing_overlaps():
    figure, axis = plt.subplots(layout="constrained")
    axis.plot([1, 2], label="gru")
    key = figure.legend(loc="outside upper center")
    put_notes(figure, [NOTE])
    assert figure.get_suptitle() == ""
    assert key.get_title().get_text().startswith("Not alone")
    figure.canvas.draw()
    assert key.get_window_extent().y0 >= axis.get_window_extent().y1
    plt.close(figure)


def test_runs_are_named_by_their_flags():
    flags = [None, "not alone", "overlap, not alone", "GPU not metered", "truncated"]
    runs = pd.DataFrame({"model": ["a", "a", "b", "b", None], "flags": pd.array(flags, dtype="string")})
    bound, killed, disturbed = run_notes(runs, "model")
    assert bound == "Lower bounds (GPU not metered): b (1 run)."
    assert killed == "Lower bounds (killed): unnamed (1 run)."
    assert ": a (1 run), b (1 run)." in disturbed
    assert run_notes(runs.iloc[:1], "model") == run_notes(runs[["model"]], "model") == []
