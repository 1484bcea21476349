import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from figure_texts import colliding_texts, shown_texts
from made_runs import MODELS, make_epochs, make_metrics, make_runs
from wattshed.accounts.comparison.fronts import fronts_frame
from wattshed.accounts.comparison.overlay import epoch_curves
from wattshed.accounts.estimates.energy_by_operations import calibrate
from wattshed.accounts.estimates.retro import estimate_runs, with_mass_range
from wattshed.foundation.faults import Fault
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.emissions_heatmap import emissions_heatmap_figure
from wattshed.publish.figures.energy_box import energy_box_figure
from wattshed.publish.figures.fronts import fronts_figure
from wattshed.publish.figures.overlay import overlay_figure
from wattshed.publish.figures.split import split_figure
from wattshed.publish.typesetting.scales import energy_scale, mass_scale, wrapped

LONG = tuple(f"{model}_version_{place}_with_a_long_name" for place in (1, 2) for model in MODELS)[:25]
KNOWN = ("energy_kwh", "attributed_kwh", "net_kwh", "co2e_kg", "cpu_kwh", "ram_kwh", "gpu_kwh")


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def without_energy(runs, rows=slice(None)):
    runs = runs.copy()
    runs.loc[rows, list(KNOWN)] = np.nan
    for name in ("energy", "cpu", "ram", "gpu"):
        runs.loc[rows, f"{name}_status"] = "missing"
    return runs


def make_case(name):
    if name == "one model":
        return make_runs(("gru",), repeats=1)
    if name == "25 long names":
        return make_runs(LONG, repeats=2)
    if name == "one missing":
        runs = make_runs(("gru", "ridge", "stgnn"), repeats=6, status="measured", net=True)
        return without_energy(runs, (runs["model"] == "gru") & (runs["data_country"] == "ES"))
    if name == "all missing":
        return without_energy(make_runs(("gru", "ridge")))
    return make_runs()


def overall(runs):
    fronts = fronts_frame(runs, make_metrics(make_runs_like(runs)))
    return fronts[fronts["scope"] == "overall"]


def make_runs_like(runs):
    return runs.assign(energy_kwh=runs["energy_kwh"].fillna(0.01))


FIGURES = {
    "box": energy_box_figure,
    "heatmap": emissions_heatmap_figure,
    "split by model": lambda runs: split_figure(runs, "model"),
    "split by stage": split_figure,
    "fronts": lambda runs: fronts_figure(overall(runs), "pp"),
}


@pytest.mark.parametrize(
    "case", ["as in the report", "one model", "25 long names", "one missing", "all missing"]
)
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_overlaps_another_or_leaves_the_page(name, case):
    assert colliding_texts(FIGURES[name](make_case(case))) == []


def test_the_collision_check_finds_colliding_texts():
    figure, axis = plt.subplots()
    axis.text(0.5, 0.5, "one")
    axis.text(0.51, 0.5, "other")
    figure.text(0.99, 0.2, "outside")
    assert colliding_texts(figure) == [("one", "other"), ("outside", "the page's edge")]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_without_known_energies_show_a_sentence_instead(name):
    figure = FIGURES[name](make_case("all missing"))
    texts = [text for text, _ in shown_texts(figure)]
    assert len(texts) == 1
    assert texts[0].startswith("No")
    assert not any(axis.has_data() for axis in figure.axes)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_state_n_and_give_the_same_bytes_twice(name, tmp_path):
    runs = make_runs(("gru", "ridge"), countries=("ES",), repeats=5, net=True)
    for attempt in "ab":
        figure = FIGURES[name](runs)
        assert any("n = " in text for text, _ in shown_texts(figure))
        save_figure(figure, tmp_path / f"{attempt}.pdf", tmp_path / f"{attempt}.png")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def all_texts(figure):
    return "\n".join(text for text, _ in shown_texts(figure))


def test_the_box_figure_lists_models_of_unknown_energy_in_words():
    runs = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",))
    text = all_texts(energy_box_figure(without_energy(runs, runs["model"] == "gru")))
    assert "energy unknown" in text
    assert "gru\n(n = 3)" in text
    partly = all_texts(energy_box_figure(without_energy(runs, runs.index == 0)))
    assert "gru\n(n = 2 of 3)" in partly


def test_estimated_boxes_are_hatched_and_measured_ones_are_not():
    runs = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",), repeats=6, status="measured")
    runs.loc[runs["model"] == "ridge", "energy_status"] = "estimated"
    boxes = [patch for patch in energy_box_figure(runs).axes[0].patches if patch.get_path() is not None]
    assert [bool(box.get_hatch()) for box in boxes] == [False, True]


def test_few_runs_are_drawn_as_points_without_a_box():
    runs = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=4)
    axis = energy_box_figure(runs).axes[0]
    assert not axis.patches
    assert 4 in {len(line.get_xdata()) for line in axis.get_lines()}


def test_retro_estimates_are_shown_separately_in_the_box_figure():
    recorded = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=6).assign(hardware="X")
    recorded["operations"] = recorded["energy_kwh"] * 1e15
    old = pd.DataFrame({"model": ["gru"], "hardware": ["X"], "operations": [3e12], "stage": ["training"]})
    runs = pd.concat([recorded, estimate_runs(old, calibrate(recorded, "constant"))], ignore_index=True)
    text = all_texts(energy_box_figure(runs))
    assert "gru\nretro-estimate\n(n = 1)" in text
    assert "gru\n(n = 6)" in text


def test_net_energies_at_or_below_zero_are_counted_on_a_log_axis():
    runs = make_runs(net=True)
    runs.loc[:2, "net_kwh"] = [0.0, -1e-5, -2e-5]
    assert "3 values of zero or less" in all_texts(energy_box_figure(runs))


def test_the_heat_map_crosses_unknown_cells_and_averages_known_ones():
    runs = make_runs(("gru", "ridge"), countries=("DE", "ES"), seasons=("summer",), repeats=2)
    runs["co2e_kg"] = np.arange(1.0, 9.0)
    runs.loc[runs["model"].eq("ridge") & runs["data_country"].eq("ES"), "co2e_kg"] = np.nan
    figure = emissions_heatmap_figure(runs)
    cells = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(cells[::2]) == ["1.41†", "3.46†", "5.48†"]
    assert cells[1] == "n = 2, ±>100 %"
    assert len(figure.axes[0].get_lines()) == 2  # one cross


def test_the_heat_map_has_a_panel_per_season_and_one_for_unstated_seasons():
    runs = make_runs(("gru",), repeats=2)
    runs.loc[runs["season"] == "winter", "season"] = pd.NA
    titles = [axis.get_title(loc="left") for axis in emissions_heatmap_figure(runs).axes[:2]]
    assert titles == ["season: not stated", "season: summer"]
    text = all_texts(emissions_heatmap_figure(runs.drop(columns=["data_country"])))
    assert "states the country" in text


def test_heat_map_numbers_keep_their_contrast_in_grey():
    figure = emissions_heatmap_figure(make_runs())
    for axis in figure.axes[:2]:
        for patch, text in zip(axis.patches, axis.texts[::2], strict=True):
            red, green, blue, _ = patch.get_facecolor()
            grey = 0.299 * red + 0.587 * green + 0.114 * blue
            ink = 0.0 if text.get_color() == "black" else 1.0
            assert abs(grey - ink) > 0.4


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: emissions_heatmap_figure(make_runs(), "mae"), "mae cannot be mapped"),
        (lambda: split_figure(make_runs(), "seed"), "cannot be split by 'seed'"),
        (
            lambda: energy_box_figure(make_runs(repeats=2).assign(stage=["training", "inference"] * 104)),
            "inference, training, which are not repeats",
        ),
    ],
)
def test_bad_requests_are_refused(draw, message):
    with pytest.raises(Fault, match=message):
        draw()


def test_the_split_figure_states_missing_parts_and_the_idle_share():
    runs = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",), net=True, status="measured")
    runs.loc[runs["model"] == "gru", "gpu_kwh"] = np.nan
    runs.loc[runs.index == 3, "cpu_kwh"] = np.nan
    text = all_texts(split_figure(runs, "model"))
    assert "GPU missing" in text
    assert "CPU known in 2" in text
    assert "idle 60 %" in text


def test_split_bars_sum_over_a_stage_and_average_over_a_models_runs():
    runs = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=4)
    for by, expected in (("stage", runs["energy_kwh"].sum()), ("model", runs["energy_kwh"].mean())):
        axis = split_figure(runs, by).axes[0]
        assert sum(bar.get_width() for bar in axis.patches) == pytest.approx(1000 * expected)
        assert all(bar.get_hatch() for bar in axis.patches)
    half = runs.assign(attributed_kwh=runs["energy_kwh"] / 2)
    widths = [bar.get_width() for bar in split_figure(half).axes[0].patches]
    assert sum(widths) == pytest.approx(500 * runs["energy_kwh"].sum())


def test_measured_parts_are_solid_and_estimated_parts_are_hatched():
    runs = make_runs(("gru",), status="measured").assign(ram_status="estimated")
    bars = split_figure(runs).axes[0].patches
    assert [bool(bar.get_hatch()) for bar in bars] == [False, True, False]


@pytest.mark.parametrize("models", [("gru",), ("gru", "stgnn", "dlinear", LONG[6]), LONG])
def test_overlay_texts_do_not_overlap(models):
    figure = overlay_figure(epoch_curves(make_epochs(models, epochs=6)), "Validation RMSE (kWh)")
    assert colliding_texts(figure) == []
    assert sum(axis.get_visible() for axis in figure.axes) == len(models)


def test_the_overlay_marks_the_best_epoch_and_states_unknown_energies():
    windows = make_epochs(("gru", "ridge"), seeds=(1, 2))
    windows.loc[windows["model"] == "ridge", "energy_kwh"] = np.nan
    figure = overlay_figure(epoch_curves(windows), "RMSE")
    assert "energy unknown" in all_texts(figure)
    stars = [line for line in figure.axes[0].get_lines() if line.get_marker() == "*"]
    best = windows[windows["model"] == "gru"].groupby("seed")["value_validation_rmse"].min()
    np.testing.assert_allclose(stars[0].get_ydata(), best)
    assert figure.axes[0].collections  # the band


def test_an_overlay_without_losses_states_that_it_is_empty():
    windows = make_epochs().assign(value_validation_rmse=np.nan)
    assert "nothing to draw" in all_texts(overlay_figure(epoch_curves(windows), "RMSE"))


def test_one_epoch_per_run_is_drawn_as_points():
    figure = overlay_figure(epoch_curves(make_epochs(epochs=1)), "RMSE")
    assert figure.axes[0].has_data()
    assert "late energy" not in all_texts(figure)


def test_the_fronts_figure_marks_and_names_flagged_models():
    runs = make_runs(("gru", "ridge", "stgnn"), countries=("ES",), seasons=("all",))
    runs.loc[runs["model"] == "gru", "flags"] = "changed grid"
    fronts = fronts_frame(runs, make_metrics(runs))
    figure = fronts_figure(fronts, "pp")
    assert "gru (n = 3)!" in all_texts(figure)
    assert "flagged changed grid: gru" in figure.axes[1].get_title(loc="left")
    assert "Not drawn" not in figure.axes[0].get_title(loc="left")


def test_an_unknown_cost_is_stated_in_words_beside_the_other_front():
    runs = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",)).assign(co2e_kg=np.nan)
    figure = fronts_figure(fronts_frame(runs, make_metrics(runs)), "pp")
    assert "No mass is known" in all_texts(figure)
    assert figure.axes[0].has_data()


def test_retro_estimates_are_drawn_as_crosses_and_not_on_the_front():
    recorded = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",), repeats=6)
    recorded = recorded.assign(hardware="X", operations=recorded["energy_kwh"] * 1e15)
    old = pd.DataFrame({"model": ["old"], "hardware": ["X"], "operations": [1e12], "run_id": ["old"]})
    old = old.assign(stage="training", data_country="ES", season="all")
    estimates = estimate_runs(old, calibrate(recorded))
    estimates = with_mass_range(estimates.assign(co2e_kg=0.3 * estimates["energy_kwh"]))
    metrics = pd.concat([make_metrics(recorded), old[["run_id", "model"]].assign(mae=0.1, rmse=0.1, r2=0.9)])
    fronts = fronts_frame(pd.concat([recorded, estimates], ignore_index=True), metrics)
    crosses = [line for line in fronts_figure(fronts, "pp").axes[0].get_lines() if line.get_marker() == "x"]
    assert [list(line.get_ydata()) for line in crosses] == [[0.1]]
    diamonds = [line for line in fronts_figure(fronts, "pp").axes[0].get_lines() if line.get_marker() == "D"]
    assert 0.1 not in diamonds[0].get_ydata()


def test_units_follow_the_size_of_the_numbers():
    assert energy_scale([5.0]).unit == "kWh"
    assert energy_scale([5e-3, float("nan"), 0]).unit == "Wh"
    assert energy_scale([1e-6]).unit == "J"
    assert energy_scale([]).unit == "kWh"
    assert mass_scale([2e-5]).unit == "mg"
    scale = energy_scale([1e-6])
    assert 1e-6 * scale.factor == pytest.approx(3.6)


def test_long_names_are_wrapped_without_losing_a_letter():
    name = "Hybrid_CNN_CycleLSTM-Attention_version_2"
    assert wrapped(name, 20).replace("\n", "") == name
    assert max(map(len, wrapped(name, 20).split("\n"))) <= 20
    assert json.dumps(wrapped("gru")) == '"gru"'


def test_each_estimated_energy_is_marked_if_only_some_are_estimated():
    runs = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",), status="measured")
    runs.loc[runs["model"] == "gru", "energy_status"] = "estimated"
    text = all_texts(fronts_figure(fronts_frame(runs, make_metrics(runs)), "pp"))
    assert "gru (n = 3)†" in text
    assert "ridge (n = 3)†" not in text
    assert "measured; † estimated" in text
    windows = make_epochs(("gru", "ridge"))
    windows.loc[windows["model"] == "gru", "energy_status"] = "estimated"
    text = all_texts(overlay_figure(epoch_curves(windows), "RMSE"))
    assert "gru† (n = 3)" in text
    assert "ridge (n = 3)" in text
    whole = all_texts(overlay_figure(epoch_curves(make_epochs(status="estimated")), "RMSE"))
    assert "estimated)" in whole
    assert "†" not in whole


def test_several_fronts_state_their_n_and_do_not_overlap():
    runs = make_runs(("gru", "ridge"), countries=("DE", "ES"), seasons=("summer",))
    figure = fronts_figure(fronts_frame(runs, make_metrics(runs)), "pp")
    titles = [axis.get_title(loc="left") for axis in figure.axes[::2]]
    assert titles == ["DE summer (n = 3)", "ES summer (n = 3)", "overall (n = 6)"]
    assert "gru (n" not in all_texts(figure)
    assert colliding_texts(figure) == []
