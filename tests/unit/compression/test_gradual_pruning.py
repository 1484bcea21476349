"""Structured pruning in rounds, with fine-tuning between them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from made_makings import making_of
from model_blocks import model_block
from wattshed.compression.methods.prune import METHOD as AT_ONCE
from wattshed.compression.methods.prune import PruneSettings
from wattshed.compression.methods.prune_gradually import METHOD, PruneGraduallySettings
from wattshed.foundation.faults import Fault


def variant(**keys):
    return PruneGraduallySettings(
        **{"method": "prune_gradually", "keep_share": 0.25, "rounds": 3, "fine_tune_steps": 7, **keys}
    )


@given(st.integers(2, 200), st.floats(0.05, 0.9), st.integers(2, 8), st.sampled_from(["geometric", "cubic"]))
def test_rounds_that_are_accepted_each_remove_something_and_end_where_one_round_does(
    count, keep_share, rounds, schedule
):
    settings = variant(keep_share=keep_share, rounds=rounds, schedule=schedule, fine_tune_steps=rounds)
    counts = settings.counts(count)
    assert len(counts) == rounds
    assert counts[-1] == round(count * keep_share)
    if settings.misfit(count, "units") is None:
        assert counts[-1] >= 1
        assert all(after < before for before, after in zip([count, *counts], counts, strict=False))


def test_the_schedules_are_those_of_their_sources():
    """Geometric: the same share each time; cubic: s (1 - (1 - r/n)^3) removed after round r of n."""
    assert variant(keep_share=1 / 8).counts(64) == [32, 16, 8]
    removed = [0.75 * (1 - (1 - share) ** 3) for share in (1 / 3, 2 / 3, 1)]
    assert variant(schedule="cubic").counts(1000) == [round(1000 * (1 - share)) for share in removed]


@pytest.mark.parametrize("schedule", ["geometric", "cubic"])
@pytest.mark.parametrize("model", [{}, {"form": "stgnn_reference"}, {"linear_part": True}], ids=str)
def test_the_result_has_the_shapes_of_one_round_but_other_weights(model, schedule, task, graph):
    making = making_of(task, graph, **model)
    settings = variant(rounds=2, schedule=schedule, what="both")
    before = {name: value.clone() for name, value in making.network.state_dict().items()}
    made = METHOD.make_from(making, settings)
    at_once = AT_ONCE.make_from(making, PruneSettings(method="prune", keep_share=0.25, what="both"))
    shapes = [{name: value.shape for name, value in net.state_dict().items()} for net in (made, at_once)]
    assert shapes[0] == shapes[1]
    assert not torch.equal(made.linear_maps()["gru"].weight_hh_l0, at_once.linear_maps()["gru"].weight_hh_l0)
    assert all(torch.equal(value, before[name]) for name, value in making.network.state_dict().items())
    again = METHOD.make_from(making, settings)
    for name, value in made.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_all_steps_are_done_split_over_the_rounds(task, graph, monkeypatch):
    making = making_of(task, graph)
    done = []
    kind = type(making)
    own = kind.fine_tune

    def counted(self, network, steps, number=0):
        done.append((steps, number, network.linear_maps()["gru"].hidden_size))
        return own(self, network, steps, number)

    monkeypatch.setattr(kind, "fine_tune", counted)
    settings = variant()
    made = METHOD.make_from(making, settings)
    assert METHOD.fine_tune(making, made, settings)[0] == 3
    assert done == [(2, 1, 5), (2, 2, 3), (3, 0, 2)]


def test_it_trains_and_is_measured_once():
    assert METHOD.learns
    assert not AT_ONCE.learns


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"rounds": 0}, "rounds"),
        ({"rounds": 1}, "rounds"),
        ({"keep_share": 1}, "keep_share"),
        (
            {"fine_tune_steps": 2},
            "fine_tune_steps is 2 for 3 rounds; expected at least one step for each round",
        ),
        ({"schedule": "linear"}, "schedule"),
    ],
)
def test_settings_without_a_meaning_are_refused(keys, reason):
    with pytest.raises(ValueError, match=reason):
        variant(**keys)


def test_a_round_that_removes_nothing_is_refused_when_the_configuration_is_read(task, graph):
    reason = r"round 2 of 7 removes none of the 7 units that are left \(8, 7, 7, 6, .* expected fewer rounds"
    settings = variant(keep_share=0.5, rounds=7)
    with pytest.raises(ValueError, match=reason):
        METHOD.check(settings, model_block(hidden=8), [])
    with pytest.raises(Fault, match=reason):
        METHOD.make_from(making_of(task, graph), settings)


@pytest.mark.parametrize(("rounds", "most"), [(7, 40), (100, 40)])
def test_the_counts_around_an_idle_round_are_told_and_no_more(rounds, most):
    for hidden in (8, 64):
        with pytest.raises(ValueError, match=f"round [0-9]+ of {rounds} removes none of") as caught:
            METHOD.check(
                variant(keep_share=0.9 if hidden == 64 else 0.5, rounds=rounds, fine_tune_steps=rounds),
                model_block(hidden=hidden),
                [],
            )
        told = str(caught.value)
        counts = told[told.index("(") : told.index(")")]
        assert len(counts) < most
        round_number = int(told.split()[1])
        left = told.split("none of the ")[1].split()[0]
        # The count before and after the idle round is the same.
        assert f"{left}, {left}" in counts
        assert counts.startswith("(...") == (round_number > 2)


def test_steps_after_it_know_the_units_and_channels_that_are_left():
    half = variant(keep_share=0.5, rounds=2, what="channels")
    METHOD.check(half, model_block(hidden=8), [])
    assert (METHOD.units_left(half, 8), METHOD.channels_left(half, 8)) == (8, 4)
    with pytest.raises(
        ValueError, match=r"round 2 of 2 removes none of the 1 channels|keeps 0 of 1 channels"
    ):
        METHOD.check(half, model_block(hidden=2), [half])
