"""Tables, figure and sentences of memory levels."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.text import Text

from figure_texts import colliding_texts
from made_memory import LEVELS, MB, make_steps, make_timeline
from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.publish.figures.memory_step import memory_step_figure
from wattshed.publish.notes.memory_levels import NONE_NOTE
from wattshed.publish.sentences.memory import NONE, memory_sentences
from wattshed.publish.tables.memory_inference import memory_inference_table
from wattshed.publish.tables.memory_speed import memory_speed_table
from wattshed.publish.tables.memory_training import memory_training_table


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def cells(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_peaks_are_shown_predicted_and_measured_with_their_share_of_the_plain_step():
    table = memory_training_table(make_steps(alone=False))
    rows = cells(table)
    assert [row[3] for row in rows] == [*LEVELS] * 2
    # Of 60 + 0.2 * 172 * 4 MB.
    assert rows[0] == [
        "gnn_stan",
        "172",
        "4",
        "none",
        "198",
        "202",
        "-2.0",
        "100",
        "90.0",
        "100",
        "217",
    ]
    assert rows[2][:3] == ["", "", ""]
    assert rows[2][7] == "41"
    # Predicted only: the share is that of the predictions.
    assert rows[4][:4] == ["", "1000", "4", "none"]
    assert rows[6][4:9] == ["353", "–", "–", "41", "–"]
    assert "n = 2 cells" in table.caption


def test_notes_say_what_levels_are_made_of_what_they_left_out_and_what_was_not_measured():
    steps = make_steps(["stan", "gru"], alone=False)
    own = (steps["model"] == "gru") & (steps["level"] == "high")
    steps.loc[own, "mechanisms"] = ""
    steps.loc[steps["model"] == "gru", "left_out"] = ""
    notes = memory_training_table(steps).notes
    assert "medium: fused_attention, aggregation, checkpointing." in notes
    assert "gru, high: nothing that this network has." in notes
    assert any(
        note.startswith("stan, high leaves out activation_offload (the device is a CPU") for note in notes
    )
    (lacking,) = [note for note in notes if note.startswith("Not measured")]
    assert lacking == (
        "Not measured: stan, length 1000, batch 4; gru, length 1000, batch 4: its predicted peak is over "
        "memory.largest_mb = 100."
    )


def test_a_part_of_a_cell_that_was_not_measured_names_its_plans():
    steps = make_steps(unmeasured=None, alone=False)
    steps.loc[(steps["level"] == "high") & (steps["length"] == 172), "why_none"] = "the plan does not fit."
    notes = memory_training_table(steps).notes
    assert "Not measured: gnn_stan, length 172, batch 4 (high): the plan does not fit." in notes


def test_time_and_energy_are_those_of_measured_cells_alone():
    steps = make_steps(alone=True)
    table = memory_speed_table(steps)
    rows = cells(table)
    assert [row[3] for row in rows[:5]] == [*LEVELS, "gradient_release alone"]
    assert {row[1] for row in rows} == {"172", ""}
    medium = steps[(steps["level"] == "medium") & (steps["length"] == 172)].iloc[0]
    assert float(rows[2][4]) == pytest.approx(1e3 * medium["step_s"], rel=5e-3)
    assert rows[2][6] == f"{100 * medium['step_share']:.0f}"
    assert rows[2][8] == f"{100 * medium['energy_share']:.0f}"
    assert {row[7].mark for row in table.rows} == {"†"}


def test_forecasts_are_compared_with_the_plain_network():
    steps = make_steps(alone=False)
    rows = cells(memory_inference_table(steps))
    assert rows[0][-1] == "1.00"
    low = steps[(steps["level"] == "low") & (steps["length"] == 172)].iloc[0]
    assert rows[1][-1] == f"{low['inference_speed_up']:.2f}"
    assert float(rows[1][6]) == pytest.approx(4 / low["inference_s"], rel=5e-3)


def test_without_a_measurement_the_pages_say_so():
    steps = make_steps(lengths=(1000,))
    for table in (memory_speed_table(steps), memory_inference_table(steps)):
        assert (table.rows, table.notes) == ([], [NONE_NOTE])
    assert memory_sentences(steps) == [NONE]
    figure = memory_step_figure(make_timeline().iloc[:0])
    assert "No step was recorded." in " ".join(text.get_text() for text in figure.findobj(Text))


def test_sentences_name_the_saving_its_price_and_the_error_of_predictions():
    steps = make_steps(["stan"], lengths=(172, 352), unmeasured=None, alone=True)
    of_model, predicted = memory_sentences(steps)
    assert of_model.startswith(
        "stan at length 352 and batch 4: of the plain step's peak of 348 MB, low takes 62 % at"
    )
    assert "medium takes 41 %" in of_model
    assert "(estimated)" in of_model
    assert "release" not in of_model
    assert predicted.startswith(
        "Predicted peaks were off by 2.0 % on the mean and 2.0 % at most, over 8 steps"
    )
    last = memory_sentences(make_steps())[-1]
    assert last == "1 cell has predictions alone in part or in whole."


def test_the_figure_has_one_panel_per_model_and_names_each_peak():
    timeline = make_timeline(["stan", "transformer", "stgnn"])
    figure = memory_step_figure(timeline)
    assert colliding_texts(figure) == []
    titles = [axis.get_title(loc="left") for axis in figure.axes if axis.axison]
    assert titles == [f"{name}: length 172, batch 4" for name in ("stan", "transformer", "stgnn")]
    peaks = timeline.groupby("level")["live_bytes"].max() / MB
    said = {text.get_text() for text in figure.axes[0].get_legend().get_texts()}
    assert said == {f"{level}: {megabytes_text(MB * peak)} MB" for level, peak in peaks.items()}


def test_a_line_is_thinned_without_losing_its_peak():
    timeline = make_timeline(levels=["none"], operations=5000)
    spike = timeline.index[timeline["phase"] == "backward"][4321]
    timeline.loc[spike, "live_bytes"] = 777 * MB
    axis = memory_step_figure(timeline).axes[0]
    assert max(line.get_ydata().max() for line in axis.lines) == 777
    assert max(len(line.get_ydata()) for line in axis.lines) < 700


def test_operations_after_the_backward_pass_are_drawn_in_the_update():
    """A loss that is put together after the update must not lie at the end of the forward pass."""
    timeline = make_timeline(levels=["none"])
    last = timeline.iloc[[-1]].assign(place=timeline["place"].max() + 1, phase="forward", live_bytes=MB)
    line = max(
        memory_step_figure(pd.concat([timeline, last])).axes[0].lines, key=lambda one: len(one.get_xdata())
    )
    low = line.get_ydata().argmin()
    assert line.get_ydata()[low] == 1
    assert line.get_xdata()[low] > 2


def test_a_level_keeps_its_name_and_a_mechanism_alone_says_so():
    steps = make_steps(lengths=(172,))
    assert steps["alone"].sum() == 3
    assert pd.isna(steps["why_none"]).all()
    assert "checkpointing alone" in [row[3] for row in cells(memory_training_table(steps))]
