"""The order of a chain's steps: which can follow which, and which would undo others."""

import pytest

from chained_studies import with_formats, with_restarting
from wattshed.config.lineages import lineages_of
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        (["int8", "static"], "after 'int8' a network has no weight matrices to replace"),
        (["static", "int8"], "after 'static' a network has no weight matrices to replace"),
        (["half", "naive"], "after 'half' a network cannot be trained further"),
        (["thin", "prune_half"], "after 'thin' a network has no units to prune"),
        (
            ["thin", "scratch"],
            "'scratch' cannot be made of 'stgnn.thin': the matrices are of low rank already",
        ),
        (
            ["scratch", "thin"],
            "'thin' cannot be made of 'stgnn.scratch': the matrices are of low rank already",
        ),
    ],
)
def test_steps_that_cannot_follow_each_other_are_refused(config, chain, sentence):
    with pytest.raises(Fault, match=sentence):
        load_study(with_formats(config, chain))


@pytest.mark.parametrize("before", ["naive", "replay", "masked", "small", "prune_half"])
@pytest.mark.parametrize("step", ["ticket", "sparse", "scratch"])
def test_a_step_that_trains_from_first_weights_undoes_no_other_step(config, before, step):
    if (before, step) == ("prune_half", "scratch"):
        assert "stgnn+prune_half+scratch" in lineages_of(with_restarting(config, [before, step]))
        return
    sentence = (
        rf"'{step}' cannot be made of 'stgnn\+{before}': it trains the base model again from its first weights, which "
        f"would undo '{before}'; expected it as the first step after the training"
    )
    with pytest.raises(Fault, match=sentence) as caught:
        with_restarting(config, [before, step])
    assert "\n" not in str(caught.value)


def test_all_steps_that_would_be_undone_are_named(config):
    sentence = (
        "would undo 'small' and 'replay'; expected it as the first step after the training, or after prune or "
        "prune_gradually alone"
    )
    with pytest.raises(Fault, match=sentence):
        with_restarting(config, ["small", "prune_half", "replay", "scratch"])
    with_restarting(config, ["prune_half", "scratch", "replay"])
    with_restarting(config, ["slowly", "scratch"])


def test_number_formats_follow_low_rank_and_training(config):
    chains = (["prune_half", "scratch", "naive", "int8"], ["thin", "static"], ["replay", "thin", "half"])
    study = load_study(with_formats(config, *chains))
    assert {"stgnn+prune_half+scratch+naive+int8", "stgnn+thin+static", "stgnn+replay+thin+half"} <= set(
        lineages_of(study)
    )


@pytest.mark.parametrize("name", ["static", "half", "thin", "scratch"])
def test_a_closed_form_has_no_matrices_to_replace(config, name):
    with pytest.raises(Fault, match=f"the family pooled_ridge .* which '{name}' needs: choose another model"):
        load_study(with_formats(config, [name], model="pooled_ridge"))
