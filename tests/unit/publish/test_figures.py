import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from made_study import study_files, write_study
from wattshed.data.panel import Panel
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.faults import Fault
from wattshed.publish.drawing.figure_style import model_styles, save_figure
from wattshed.publish.drawing.label_places import place_labels
from wattshed.publish.figures.clocks import clocks_figure
from wattshed.publish.figures.degrees import degrees_figure
from wattshed.publish.figures.forecasts import forecasts_figure
from wattshed.publish.figures.frontier import frontier_figure
from wattshed.publish.figures.horizons import horizons_figure
from wattshed.publish.figures.training import FIGURE, training_figure
from wattshed.publish.parts.degrees import degrees_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import swept_cells


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def draw(study, name):
    scores = pd.read_parquet(study / "accuracy/scores.parquet")
    if name == "training":
        epochs = pd.concat([pd.read_parquet(p) for p in sorted((study / "checkpoints").iterdir())])
        return training_figure(epochs, "kWh", "estimated")
    if name == "forecasts":
        models = {m: Forecasts.read(study / f"forecasts/{m}.safetensors") for m in ("stgnn", "ridge")}
        return forecasts_figure(Panel.read(study / "data/panel.safetensors"), models)
    if name == "frontier":
        return frontier_figure(pd.read_parquet(study / "frontier.parquet"), "kWh")
    if name == "clocks":
        return clocks_figure(swept_cells(Inputs(study_files(study))))[0]
    if name == "degrees":
        return degrees_figure(*degrees_of(Inputs({"graph": [study / "data/graph.safetensors"]})))
    return horizons_figure(scores, "kWh")


@pytest.mark.parametrize("name", ["training", "forecasts", "frontier", "clocks", "degrees", "horizons"])
def test_figures_give_the_same_bytes_twice_and_have_labelled_axes(study, name, tmp_path):
    for attempt in "ab":
        figure = draw(study, name)
        assert all(axis.get_xlabel() for axis in figure.axes[-1:])
        assert figure.axes[0].get_ylabel()
        assert all(axis.has_data() for axis in figure.axes)
        save_figure(figure, tmp_path / f"{attempt}.pdf", tmp_path / f"{attempt}.png")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
        assert (tmp_path / f"a.{kind}").stat().st_size > 3000


def test_the_training_figure_without_energy_states_it_and_has_no_empty_panel(study):
    epochs = pd.concat([pd.read_parquet(p) for p in (study / "checkpoints").iterdir()])
    figure = training_figure(epochs.assign(cumulative_kwh=np.nan), "kWh", "missing")
    assert len(figure.axes) == 1
    assert "unknown" in figure.axes[0].get_title(loc="left")


def test_a_model_of_unknown_energy_is_named_and_does_not_change_the_axis_label(study, tmp_path):
    epochs = pd.concat([pd.read_parquet(p) for p in sorted((study / "checkpoints").iterdir())])
    windows = pd.read_parquet(study / "windows.parquet")
    epochs.loc[epochs["model"] == "gru", "cumulative_kwh"] = None
    mine = (windows["window"] == "epoch") & (windows["model"] == "gru")
    windows.loc[mine, "energy_kwh"] = None
    windows.loc[mine, "energy_status"] = "missing"
    files = study_files(study)
    for name, frame in (("epochs", epochs), ("windows", windows)):
        frame.to_parquet(tmp_path / f"{name}.parquet")
        files[name] = [tmp_path / f"{name}.parquet"]
    axis = FIGURE.make(Inputs(files)).axes[1]
    assert axis.get_xlabel() == "Cumulative energy (J, estimated)"
    assert axis.get_title(loc="left") == "By energy spent (unknown: gru)"


def test_the_energy_axis_states_that_the_energy_is_estimated(study):
    assert "estimated" in draw(study, "training").axes[1].get_xlabel()
    assert "estimated" in draw(study, "frontier").axes[0].get_xlabel()


def test_the_frontier_keeps_dominated_models_and_names_those_it_cannot_draw(study):
    frontier = pd.read_parquet(study / "frontier.parquet")
    frontier.loc[frontier["model"] == "gru", "training_kwh_mean"] = np.nan
    axis = frontier_figure(frontier, "kWh").axes[0]
    named = " ".join(text.get_text() for text in axis.texts)
    drawn = frontier.loc[frontier["training_kwh_mean"] > 0, "model"]
    assert len(drawn) > 2
    assert all(model in named for model in drawn)
    assert "gru (n" not in named
    assert "energy is unknown or zero: gru" in axis.get_title(loc="left")


def test_crowded_labels_do_not_overlap():
    random = np.random.default_rng(0)
    _, axis = plt.subplots(figsize=(7, 4))
    points = random.normal(0, 0.4, (9, 2))
    axis.plot(*points.T, "o")
    axis.set_xlim(-3, 3)
    axis.set_ylim(-3, 3)
    boxes = place_labels(axis, points, [f"model_number_{n}" for n in range(9)])
    assert len(boxes) == 9
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_unobserved_hours_stay_empty_and_windows_do_not_overlap(study):
    panel = Panel.read(study / "data/panel.safetensors")
    made = Forecasts.read(study / "forecasts/ridge.safetensors")
    figure = forecasts_figure(panel, {"ridge": made}, nodes=len(panel.node_names))
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    axis = figure.axes[titles.index("home_03")]
    truth, forecast = (line.get_ydata() for line in axis.get_lines()[:2])
    assert np.isnan(truth).sum() == 9
    start = int(np.flatnonzero(panel.local_times[made.origins[0] :].hour == 0)[0]) + int(made.origins[0])
    for k in range(0, 24, 6):
        row = np.flatnonzero(made.origins == start + k)[0]
        np.testing.assert_array_equal(forecast[k : k + 6], made.values[0, row, :, 3])


def test_sparse_windows_leave_gaps_instead_of_invented_lines(study):
    panel = Panel.read(study / "data/panel.safetensors")
    made = Forecasts.read(study / "forecasts/ridge.safetensors")
    sparse = Forecasts(made.origins[::11], made.values[:, ::11], made.seeds)
    line = forecasts_figure(panel, {"ridge": sparse}, nodes=1).axes[0].get_lines()[1].get_ydata()
    assert 0.3 < np.isnan(line).mean() < 0.7


def test_forecasts_without_a_common_hour_are_refused(study):
    panel = Panel.read(study / "data/panel.safetensors")
    made = Forecasts.read(study / "forecasts/ridge.safetensors")
    later = Forecasts(made.origins + 1000, made.values, made.seeds)
    with pytest.raises(Fault, match="share no test hour"):
        forecasts_figure(panel, {"a": made, "b": later})


def test_degrees_do_not_count_self_loops(study):
    degrees, method = degrees_of(Inputs({"graph": [study / "data/graph.safetensors"]}))
    assert method == "load_shape"
    heights = sum(bar.get_height() for bar in draw(study, "degrees").axes[0].patches)
    assert heights == len(degrees)


def test_twelve_models_differ_in_marker_and_not_in_colour_alone():
    styles = model_styles([f"m{n}" for n in range(12)])
    assert len({style["marker"] for style in styles.values()}) == 12
    assert all(len(to_rgb(style["color"])) == 3 for style in styles.values())
