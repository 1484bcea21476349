"""Tables, figures and sentences of predictions and of the energy law."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.text import Text

from figure_texts import colliding_texts
from made_law import make_compared, make_document, make_profile, make_sweep
from wattshed.accounts.predicted.compared import errors_by_model
from wattshed.calibration.studies.rivals import kernel_points, laws_of_forms
from wattshed.law.predicting.document import read_predictions
from wattshed.publish.figures.law_efficiency import law_efficiency_figure
from wattshed.publish.figures.law_energy import law_energy_figure
from wattshed.publish.figures.law_sweeps import base_note, law_sweeps_figure
from wattshed.publish.figures.predicted_measured import predicted_measured_figure
from wattshed.publish.sentences.predictions import prediction_sentences
from wattshed.publish.tables.energy_law import energy_law_table
from wattshed.publish.tables.energy_predictions import energy_predictions_table

MODELS = {"stgnn": (0.02, 100), "gru": (0.5, 100)}
WHY = "no law for the operation convolution forward; calibrate again."


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def compared():
    return make_compared(MODELS, (1, 2, 3))


@pytest.fixture(scope="module")
def profile():
    return make_profile()


def unpredicted(compared):
    row = {"model": "conv", "seed": 1, "quantity": "training", "measured_j": 3.2, "why_none": WHY}
    rows = pd.DataFrame([row], columns=compared.columns).astype(compared.dtypes.to_dict())
    return pd.concat([compared, rows], ignore_index=True)


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")


def cells(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_the_table_has_prediction_measurement_error_and_rivals_per_model(compared):
    table = energy_predictions_table(compared)
    rows = {row[0]: row[1:] for row in cells(table)}
    assert list(rows) == ["stgnn", "gru", "all models"]
    stated = errors_by_model(compared).set_index(["model", "quantity"])
    for model in MODELS:
        step, training = stated.loc[(model, "step")], stated.loc[(model, "training")]
        row = rows[model]
        assert row[0] == "3"
        assert float(row[1]) == pytest.approx(step["predicted_j"], rel=0.01)
        assert row[4] == f"{100 * step['error']:.1f}"
        assert row[5] == f"{step['inside']} of 3"
        assert row[6:9] == [
            f"{100 * step[f'{name}_error']:.1f}" for name in ("affine", "roofline", "time_power")
        ]
        assert row[11] == f"{100 * training['error']:.1f}"
        assert row[12] == "8 of 8"
        assert row[13] == f"{100 * training['after_error']:.1f}"
    assert {cell.mark for row in table.rows[:2] for cell in (row[4], row[11])} == {"†"}


def test_a_model_without_a_prediction_is_named_with_its_reason(compared):
    table = energy_predictions_table(unpredicted(compared))
    assert (
        "Not predicted: conv: no law for the operation convolution forward; calibrate again." in table.notes
    )
    assert "conv" not in {row[0] for row in cells(table)}
    assert "n = 7 trainings of 3 models" in table.caption


def test_a_study_of_which_nothing_could_be_predicted_says_so(compared):
    lacking = unpredicted(compared.iloc[:0])
    assert energy_predictions_table(lacking).notes[0] == "No model of the study has a prediction."
    assert prediction_sentences(lacking) == ["Without a prediction: conv."]
    assert "No training has both" in words(predicted_measured_figure(lacking))


def test_the_sentences_say_how_far_off_and_which_rival_was_as_good(compared):
    said = " ".join(prediction_sentences(compared))
    by_model = errors_by_model(compared)
    steps = by_model[by_model["quantity"] == "step"]
    assert f"with a mean error of {100 * steps['error'].mean():.1f} % over 2 models" in said
    assert f"{steps['inside'].sum()} of 6 trainings lay within the 90 % interval" in said
    assert f"the roofline law errs by {100 * steps['roofline_error'].mean():.1f} %" in said
    assert "once their first epoch was known" in said


@pytest.mark.parametrize(
    ("affine", "said"),
    [(1.0, "; the affine law is as good."), (1.5, "; neither is as good.")],
)
def test_a_rival_is_as_good_if_its_error_is_at_most_a_tenth_larger(compared, affine, said):
    """affine: its prediction as a share of the law's."""
    rival = compared.assign(affine_j=affine * compared["predicted_j"])
    assert said in " ".join(prediction_sentences(rival))


def test_the_table_of_laws_marks_the_form_in_use_and_joins_operations_that_share_a_law(profile):
    forms = laws_of_forms(profile, ("affine", "roofline", "efficiency", "additive"))
    table = energy_law_table(profile, forms)
    rows = {(row[0].text, row[1].text): row for row in table.rows}
    assert ("QKV, output projection, feed forward, linear", "forward") in rows
    for (_, direction), row in rows.items():
        best = [cell.text for cell in row if cell.best]
        assert len(best) == 1, direction
    assert "Calibrated 2026-01-05 in 58 s with 460 J† (estimated) of its own." in table.notes
    (judged,) = [note for note in table.notes if note.startswith("The source's efficiency law errs less")]
    # Operations that share a law are one row, so they count once.
    each = {(key[1], str(one["affine"])): one for key, one in forms.items() if "efficiency" in one}
    for rival in ("affine", "roofline"):
        both = [one for one in each.values() if rival in one]
        better = sum(one["efficiency"].error_share < one[rival].error_share for one in both)
        said = " (the simpler one is as good)" if 2 * better <= len(both) else ""
        assert f"than the {rival} one for {better} of {len(both)} operations{said}" in judged


def test_figures_are_drawn_without_texts_on_each_other(compared, profile):
    document = make_document(MODELS)
    figures = [
        predicted_measured_figure(compared),
        law_energy_figure(read_predictions(document), document["power_w"]),
        law_sweeps_figure(make_sweep()),
        law_efficiency_figure(
            kernel_points(profile), laws_of_forms(profile, ("affine", "roofline", "efficiency"))
        ),
    ]
    for figure in figures:
        assert colliding_texts(figure) == []


def test_the_sweep_names_its_base(profile):
    (note,) = base_note(make_sweep())
    assert "batch 8, length 32, width 64, layers 2, heads 2" in note


def test_what_cannot_be_drawn_is_said(profile):
    sweep = make_sweep().assign(measured_j=None).astype({"measured_j": "float64"})
    for figure, said in (
        (law_sweeps_figure(sweep), "No step of the sweep"),
        (law_efficiency_figure({}, {}), "The profile keeps no kernel"),
        (law_energy_figure([], {"default": 8.0}), "No model of the study"),
    ):
        assert said in words(figure)
