"""Figures of clocks: what they mark is what the choice says, many cells take pages, and gaps are said in words."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest

from clock_choices import made_sweep
from made_clocks import made_phases
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose
from wattshed.foundation.writing import write_json, write_parquet
from wattshed.publish.clock_report.cell_pages import MOST_CELLS, ROWS_ON_A_PAGE, cell_pages, left_out_notes
from wattshed.publish.drawing.figure_pages import save_pages
from wattshed.publish.drawing.png_pages import pages_of
from wattshed.publish.figures import clock_front, clock_metrics, clock_phases, clock_temperature, clocks
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def cell():
    sweep = made_sweep(noise=0.005)
    return SweptCell("recorded.a", sweep, choose(sweep, Limits(0.15))[0].to_json())


@pytest.fixture
def simulated(cell):
    return SweptCell(cell.name, cell.rows, cell.choice | {"label": "simulated", "gpu": "simulated GPU"})


def refused(cell):
    return SweptCell("recorded.b", cell.rows, cell.choice | {"status": "refused", "fitted": [], "picks": []})


def lines(axis, label):
    return [line for line in axis.get_lines() if line.get_label() == label]


def titles(figure):
    return " ".join(text.get_text() for axis in figure.axes for text in axis.texts)


def test_the_fitted_line_and_the_recommended_setting_are_the_choices(cell):
    (figure,) = clocks.clocks_figure([cell])
    assert len(figure.axes) == 3
    fitted = {row["setting"]: row for row in cell.choice["fitted"]}
    for axis, name in zip(figure.axes, ("time_s", "power_w", "energy_j"), strict=True):
        (line,) = lines(axis, "fitted, for the choice")
        assert line.get_ydata() == pytest.approx([fitted[int(x)][name] for x in line.get_xdata()])
        (best,) = lines(axis, "recommended")
        assert best.get_xdata()[0] == cell.choice["setting"]
        assert axis.get_xlabel() == "SM clock (MHz)"
    (limit,) = lines(figure.axes[0], "limit: 15 % slower")
    assert limit.get_ydata()[0] == pytest.approx(1.15 * cell.choice["baseline_time_s"])
    assert f"use {cell.choice['setting']} MHz" in titles(figure)


def test_short_runs_are_shown_in_milliseconds(cell):
    short = SweptCell("short", cell.rows.assign(time_s=cell.rows["time_s"] / 1000), refused(cell).choice)
    (figure,) = clocks.clocks_figure([short])
    assert figure.axes[0].get_ylabel() == "Time of a run (ms)"
    counted = lines(figure.axes[0], "run that counts")[0].get_ydata()
    assert np.median(counted) == pytest.approx(cell.rows.loc[cell.rows["warm"], "time_s"].median(), rel=0.1)


def test_a_refused_sweep_has_its_runs_and_no_line(cell):
    (figure,) = clocks.clocks_figure([refused(cell)])
    assert not lines(figure.axes[0], "fitted, for the choice")
    assert lines(figure.axes[0], "run that counts")
    assert "sweep refused" in titles(figure)


@pytest.mark.parametrize(
    "draw",
    [
        clocks.clocks_figure,
        clock_front.front_pages,
        clock_metrics.metrics_pages,
        clock_temperature.temperature_pages,
    ],
)
def test_simulated_cells_are_marked_and_measured_ones_are_not(cell, simulated, draw):
    for one, expected in ((simulated, True), (cell, False)):
        (figure,) = draw([one])
        marked = [axis for axis in figure.axes if any(text.get_text() == "SIMULATED" for text in axis.texts)]
        panels = [axis for axis in figure.axes if axis.axison and axis.get_xlabel()]
        assert panels
        assert (len(marked) == len(panels)) if expected else not marked


def test_many_cells_take_pages_of_four_and_a_title_is_not_cut(cell):
    long = SweptCell(
        "long",
        cell.rows,
        cell.choice | {"workload": "stgnn+replay+prune_half_tuned training", "label": "recorded"},
    )
    pages = clocks.clocks_figure([long] * (ROWS_ON_A_PAGE + 1))
    assert [len(page.axes) for page in pages] == [3 * ROWS_ON_A_PAGE, 3]
    figure = pages[1]
    figure.draw_without_rendering()
    (title,) = (text for text in figure.axes[0].texts if "prune_half" in text.get_text())
    extent = title.get_window_extent()
    assert extent.x0 >= 0
    assert extent.x1 <= figure.bbox.x1
    # The title does not squeeze its panel: all three are about as wide.
    widths = [axis.get_window_extent().width for axis in figure.axes]
    assert max(widths) < 1.15 * min(widths)


def test_cells_beyond_the_pages_are_counted_in_a_note(cell):
    many = [SweptCell(str(place), cell.rows, cell.choice) for place in range(MOST_CELLS + 2)]
    assert left_out_notes(many, many, "") == [
        f"{MOST_CELLS} of {MOST_CELLS + 2} cells are drawn, refused ones last; the tables hold all of them."
    ]
    (note,) = left_out_notes([cell, refused(cell)], [cell], clock_front.NO_VALUES)
    assert note.startswith("Not drawn, because the sweep was refused")


def test_of_too_many_cells_those_with_fitted_values_are_drawn_first(cell):
    drawn = []
    pages = cell_pages(
        [*[refused(cell)] * MOST_CELLS, cell],
        1,
        lambda axes, one: drawn.append(one.name),
        lambda one: one.name,
        one_legend=False,
    )
    assert len(drawn) == MOST_CELLS
    assert drawn[0] == cell.name
    assert sum(len(page.axes) for page in pages) == MOST_CELLS


def test_pages_are_one_pdf_and_one_picture_the_same_twice(tmp_path):
    for name in "ab":
        pages = []
        for width in (3.0, 2.0):
            figure, axis = plt.subplots(figsize=(width, 1.5), layout="constrained")
            axis.plot([0, 1])
            pages.append(figure)
        save_pages(pages, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png", ["A note."])
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes().count(b"/Type /Page ") == 2
    image = plt.imread(tmp_path / "a.png")
    assert image.shape[1] == 450
    assert image.shape[0] > 450
    assert image[-1, -1, :3] == pytest.approx([1, 1, 1])
    parts = [plt.imread(io.BytesIO(part)) for part in pages_of((tmp_path / "a.png").read_bytes())]
    assert len(parts) == 2
    assert np.array_equal(np.concatenate(parts)[:, :, :3], image[:, :, :3])


def test_a_picture_without_pages_stays_as_it_is():
    assert pages_of(b"\x89PNG anything") == [b"\x89PNG anything"]


def test_the_front_has_picks_within_and_without_the_limits(cell):
    (figure,) = clock_front.front_pages([cell])
    labels = figure.axes[0].get_legend_handles_labels()[1]
    within = [label for label in labels if label.startswith(f"{cell.choice['setting']} MHz within limits")]
    assert len(within) == 1
    assert "least energy" in within[0]
    assert any("without limits" in label for label in labels)
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == labels


def test_settings_that_were_repeated_too_seldom_are_hollow_in_the_front(cell):
    seldom = cell.choice["fitted"][0]["setting"]
    fitted = [row | {"repeats": 2} if row["setting"] == seldom else row for row in cell.choice["fitted"]]
    (figure,) = clock_front.front_pages([SweptCell("a", cell.rows, cell.choice | {"fitted": fitted})])
    (hollow,) = lines(figure.axes[0], "repeated too seldom to be chosen")
    assert list(hollow.get_xdata()) == [pytest.approx(100 * cell.choice["fitted"][0]["slowdown_share"])]
    assert len(lines(figure.axes[0], "setting")[0].get_xdata()) == len(fitted) - 1


def test_metrics_are_those_of_the_fitted_values_and_marks_are_the_rules_picks(cell):
    shares = clock_metrics.metric_shares(cell.choice).set_index("setting")
    for row in cell.choice["fitted"]:
        energy, time = 1 - row["saving_share"], 1 + row["slowdown_share"]
        found = shares.loc[row["setting"]]
        assert found["edp"] == pytest.approx(energy * time)
        assert found["ed2p"] == pytest.approx(energy * time**2)
        assert found["throughput_per_watt"] == pytest.approx(1 / energy)
        assert found["weighted"] == pytest.approx((energy + time) / 2)
    (figure,) = clock_metrics.metrics_pages([cell])
    (mark,) = lines(figure.axes[0], "the rule's pick within the limits")
    pick = next(p for p in cell.choice["picks"] if (p["rule"], p["constrained"]) == ("edp", True))
    assert mark.get_xdata()[0] == pytest.approx(100 * pick["slowdown_share"])
    assert mark.get_ydata()[0] == pytest.approx(100 * (1 - pick["edp_gain_share"]))


def test_each_fitted_curve_has_the_band_of_the_choice(cell):
    (figure,) = clocks.clocks_figure([cell])
    fitted = {row["setting"]: row for row in cell.choice["fitted"]}
    time_s, energy_j = cell.choice["baseline_time_s"], cell.choice["baseline_energy_j"]
    ends = {
        "time_s": lambda row: (time_s * (1 + row["slowdown_low"]), time_s * (1 + row["slowdown_high"])),
        "power_w": lambda row: (row["power_low_w"], row["power_high_w"]),
        "energy_j": lambda row: (energy_j * (1 - row["saving_high"]), energy_j * (1 - row["saving_low"])),
    }
    for axis, name in zip(figure.axes, ends, strict=True):
        (band,) = axis.collections
        points = band.get_paths()[0].vertices
        for setting, row in fitted.items():
            drawn = points[points[:, 0] == setting][:, 1]
            assert (drawn.min(), drawn.max()) == pytest.approx(ends[name](row))
            # The line is within the band, up to the difference between the law's and the median's baseline.
            assert 0.98 * drawn.min() <= row[name] <= 1.02 * drawn.max()


def test_a_choice_without_bounds_of_power_has_a_line_alone(cell):
    """As documents have it that an earlier version wrote."""
    rows = [
        {key: value for key, value in row.items() if key not in ("power_low_w", "power_high_w")}
        for row in cell.choice["fitted"]
    ]
    (figure,) = clocks.clocks_figure([SweptCell("a", cell.rows, cell.choice | {"fitted": rows})])
    assert [len(axis.collections) for axis in figure.axes] == [1, 0, 1]


def test_hot_and_throttled_runs_are_marked_in_the_temperature(cell):
    rows = cell.rows.copy()
    rows.loc[10, "temperature_c"] = 80.0
    rows.loc[20, "throttled"] = True
    (figure,) = clock_temperature.temperature_pages([SweptCell("a", rows, cell.choice)])
    for axis, name in zip(figure.axes, ("order", "setting"), strict=True):
        (hot,) = lines(axis, "hot: does not count")
        assert list(hot.get_xdata()) == [rows.loc[10, name]]
        (slowed,) = lines(axis, "throttled: does not count")
        assert list(slowed.get_xdata()) == [rows.loc[20, name]]
    assert "1 hot, 1 throttled" in titles(figure)


def test_sweeps_without_temperature_and_refused_ones_say_so(cell, tmp_path):
    write_parquet(tmp_path / "a.sweep.parquet", cell.rows.assign(temperature_c=float("nan")))
    write_json(tmp_path / "a.choice.json", {"choices": [refused(cell).choice]})
    sweep = [tmp_path / "a.sweep.parquet"]
    inputs = Inputs({"sweep": sweep, "temperatures": sweep, "choice": [tmp_path / "a.choice.json"]})
    for module, words in (
        (clock_temperature, "No temperature was recorded"),
        (clock_front, "Every clock sweep was refused"),
        (clock_metrics, "Every clock sweep was refused"),
    ):
        figure = module.FIGURE.make(inputs)
        assert words in " ".join(figure.axes[0].texts[0].get_text().split())
    assert clock_temperature.FIGURE.notes(inputs) == []


def test_the_phases_have_true_ones_and_the_governors_clock_where_they_are_known():
    figure = clock_phases.phases_figure(made_phases())
    mix, log, twin = figure.axes
    assert [text.get_text() for text in mix.get_yticklabels()] == ["detected", "true"]
    assert [text.get_text() for text in log.get_yticklabels()] == ["detected"]
    assert twin.get_ylabel() == "Clock (MHz)"
    assert [text.get_text() for text in twin.get_yticklabels()] == ["810", "1380"]
    # One bar per phase, however often the rows change; the gap of the log stays.
    bars = [len(one.get_paths()) for one in mix.collections]
    assert sum(bars) == 4
    assert sum(len(one.get_paths()) for one in log.collections) == 2
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == ["compute", "memory", "balanced", "idle", "the governor's clock"]


def test_no_phase_is_said_in_words():
    figure = clock_phases.phases_figure(made_phases().iloc[:0])
    assert "no time line" in figure.axes[0].texts[0].get_text().replace("\n", " ")
