"""What is said wherever energies are shown: whose work was not alone, and which energies are lower bounds."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from wattshed.publish.drawing.figure_notes import put_notes
from wattshed.publish.typesetting.beside_others import disturbed
from wattshed.publish.typesetting.lower_bounds import at_least, lower_bound_notes
from wattshed.publish.typesetting.run_notes import run_notes
from wattshed.publish.typesetting.window_notes import window_notes

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


@pytest.mark.parametrize("above", [None, "Title"])
def test_a_figure_keeps_its_title_above_its_notes(above):
    figure = plt.figure(figsize=(4, 3))
    if above:
        figure.suptitle(above)
    put_notes(figure, [])
    assert figure.get_suptitle() == (above or "")
    put_notes(figure, ["Not alone: " + "gru, " * 40])
    lines = figure.get_suptitle().splitlines()
    assert lines[0] == above if above else lines[0].startswith("Not alone")
    assert max(map(len, lines)) <= 60
    plt.close(figure)


def test_runs_are_named_by_their_flags():
    flags = [None, "not alone", "overlap, not alone", "GPU not metered", "truncated"]
    runs = pd.DataFrame({"model": ["a", "a", "b", "b", None], "flags": pd.array(flags, dtype="string")})
    bound, killed, disturbed = run_notes(runs, "model")
    assert bound == "Energies are lower bounds (GPU not metered): b (1 run)."
    assert killed == "Energies are lower bounds (killed): unnamed (1 run)."
    assert ": a (1 run), b (1 run)." in disturbed
    assert run_notes(runs.iloc[:1], "model") == run_notes(runs[["model"]], "model") == []
