import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figure_texts import colliding_texts, shown_texts
from made_ladder import make_climb
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.ladder import ladder_figure, spread


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def draw(windows, scores, captions, tuned="tuned", unit="kWh"):
    checks = training_checks(windows, list(captions))
    opponents = {"reference": "study"} | ({"tuned": tuned} if tuned else {})
    return ladder_figure(ladder_frame(checks, scores, captions, opponents), checks, unit)


def without_energy(made, *models):
    windows, scores, captions = made
    dark = windows["model"].isin(models)
    windows = windows.assign(energy_kwh=windows["energy_kwh"].mask(dark))
    windows.loc[dark, "energy_status"] = "missing"
    return windows, scores, captions


def larger(made):
    windows, scores, captions = made
    errors = {name: 3000 * scores[name] for name in ("rmse", "mae")}
    column = "value_validation_rmse"
    return windows.assign(**{column: 3000 * windows[column]}), scores.assign(**errors), captions


def renamed(made):
    def long(name):
        return f"{name}_with_a_rather_long_name"

    windows, scores, captions = made
    others = {name: long(name) for name in captions if name not in ("study", "tuned")}
    return (
        windows.replace({"model": others}),
        scores.replace({"model": others}),
        {others.get(name, name): caption for name, caption in captions.items()},
    )


CASES = {
    "whole": make_climb,
    "two steps": lambda: make_climb(steps=2),
    "one seed": lambda: make_climb(seeds=1),
    "one epoch": lambda: make_climb(epochs=1),
    "some unknown": lambda: without_energy(make_climb(), "pairs", "ridge"),
    "all unknown": lambda: without_energy(make_climb(), *make_climb()[2]),
    "large numbers": lambda: larger(make_climb()),
    "long names": lambda: renamed(make_climb()),
}


@pytest.mark.parametrize("case", CASES)
def test_no_text_overlaps_another_or_leaves_the_page(case):
    assert colliding_texts(draw(*CASES[case]())) == []


def words(figure):
    return "\n".join(text for text, _ in shown_texts(figure))


def test_every_step_shows_n_and_its_energy_and_the_targets_are_drawn():
    figure = draw(*make_climb())
    text = words(figure)
    assert "8 residual" in text
    assert "12 ridge 0.698 (n = 1), 1.44 J" in text
    assert "best of study, 0.89" in text
    assert "best of tuned, 0.86" in text
    assert "estimated" in figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel() == "RMSE (kWh)"
    assert "best of tuned" not in words(draw(*make_climb(), tuned=None))


def test_seeds_are_thin_lines_and_their_mean_is_a_thick_line():
    lines = draw(*make_climb()).axes[0].get_lines()
    thin = [line for line in lines if line.get_linewidth() < 1 and len(line.get_xdata()) == 10]
    thick = [line for line in lines if line.get_linewidth() > 1.5]
    assert (len(thin), len(thick)) == (24, 8)
    mean = np.mean([line.get_ydata() for line in thin[:3]], axis=0)
    np.testing.assert_allclose(thick[0].get_ydata(), mean)
    assert len({(line.get_marker(), str(line.get_linestyle())) for line in thick}) == 8


def test_the_mean_line_ends_with_the_shortest_seed():
    windows, scores, captions = make_climb()
    cut = (windows["model"] == "study") & (windows["seed"] == 2) & (windows["start_s"] > 10)
    thick = [
        line
        for line in draw(windows[~cut], scores, captions).axes[0].get_lines()
        if line.get_linewidth() > 1.5
    ]
    assert [len(line.get_xdata()) for line in thick] == [5] + [10] * 7


def test_steps_of_unknown_energy_are_listed_in_words():
    figure = draw(*without_energy(make_climb(), "pairs", "ridge"))
    assert "Not drawn because their energy is unknown: pairs" in words(figure)
    assert "energy unknown" in words(figure)
    assert "No energy of an epoch is known" in words(draw(*CASES["all unknown"]()))


def test_drawing_the_figure_twice_gives_the_same_bytes(tmp_path):
    for attempt in "ab":
        save_figure(draw(*make_climb(steps=3)), tmp_path / f"{attempt}.pdf", tmp_path / f"{attempt}.png")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_spread_labels_keep_their_order_and_distance_and_stay_in_range(found):
    wanted = np.sort(found)
    places = spread(wanted, 5, 0, 100)
    assert (np.diff(places) >= 5 - 1e-9).all()
    assert places.min() >= -1e-9
    assert places.max() <= 100 + 1e-9
    if (np.diff(wanted) >= 5).all():
        np.testing.assert_allclose(places, wanted)
