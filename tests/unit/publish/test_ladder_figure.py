import matplotlib.pyplot as plt
import pytest

from figure_texts import colliding_texts, shown_texts
from made_ladder import make_climb
from made_ladder_files import ladder_frames
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.ladder import ladder_figure


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def frames_of(windows, scores, captions, tuned="tuned"):
    opponents = {"reference": "study"} | ({"tuned": tuned} if tuned else {})
    frames = ladder_frames(validated(windows, scores), scores, captions, opponents)
    return frames["ladder"], frames["curves"], frames["targets"]


def draw(windows, scores, captions, tuned="tuned", unit="kWh"):
    return ladder_figure(*frames_of(windows, scores, captions, tuned), unit)


def validated(windows, scores):
    """The same, the closed forms with a validation error of their own, as baselines have."""
    test = scores[scores["scope"] == "all"].groupby("model")["rmse"].mean()
    fits = windows["window"] == "fit"
    known = windows["value_validation_rmse"].mask(fits, windows["model"].map(test) - 0.01)
    return windows.assign(value_validation_rmse=known)


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


def words(figure):
    return "\n".join(text for text, _ in shown_texts(figure))


@pytest.mark.parametrize("case", CASES)
def test_no_text_overlaps_another_or_leaves_the_page(case):
    assert colliding_texts(draw(*CASES[case]())) == []


def test_named_steps_have_a_label_with_n_and_energy_and_the_best_naive_is_drawn():
    figure = draw(*make_climb())
    text = words(figure)
    assert "residual (n = 3)" in text
    assert "ridge (n = 1), 1.4 J in all" in text
    assert "naive forecast climatology, 0.883" in text
    assert "estimated" in figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel() == "Validation RMSE (kWh)"


def test_only_the_useful_range_is_drawn():
    frames = frames_of(*make_climb())
    low, high = ladder_figure(*frames, "kWh").axes[0].get_ylim()
    curves = frames[1]
    assert low < curves["validation_rmse"].min() < curves["validation_rmse"].max() < high
    assert high < 0.92


def test_steps_that_are_not_named_are_grey_and_have_no_label():
    ladder, curves, targets = frames_of(*make_climb())
    ladder = ladder.assign(named=ladder["model"].isin(["tuned", "residual"]))
    figure = ladder_figure(ladder, curves, targets, "kWh")
    assert "residual (n = 3)" in words(figure)
    assert "pairs (n = 3)" not in words(figure)
    assert "other steps" in words(figure)


def test_steps_of_unknown_energy_are_left_out_and_nothing_known_is_said():
    assert "pairs (n = 3)" not in words(draw(*without_energy(make_climb(), "pairs")))
    assert "No step of the ladder" in words(draw(*CASES["all unknown"]()))


def test_drawing_the_figure_twice_gives_the_same_bytes(tmp_path):
    for attempt in "ab":
        save_figure(draw(*make_climb(steps=3)), tmp_path / f"{attempt}.pdf", tmp_path / f"{attempt}.png")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
