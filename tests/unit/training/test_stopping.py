"""Early stopping, on made-up errors."""

from hypothesis import given
from hypothesis import strategies as st

from wattshed.training.guards.stopping import EarlyStopping, Standing

ERRORS = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=40)
RULES = st.builds(
    EarlyStopping,
    patience=st.integers(1, 6),
    min_delta=st.sampled_from([0.0, 0.01, 0.5]),
    warm_up_epochs=st.integers(0, 10),
)


def standings(rule, errors):
    standing = Standing()
    for epoch, error in enumerate(errors, start=1):
        standing = rule.after(standing, epoch, error)
        yield standing


def ended_at(rule, errors):
    for epoch, standing in enumerate(standings(rule, errors), start=1):
        if rule.ends(standing):
            return epoch
    return None


@given(RULES, ERRORS)
def test_the_least_error_is_never_forgotten(rule, errors):
    """The study's stopper started afresh after its warm-up."""
    for epoch, standing in enumerate(standings(rule, errors), start=1):
        assert standing.least_error in errors[:epoch]
        # Within the margin of the least error of all epochs, those of the warm-up included.
        assert standing.least_error * (1 - rule.min_delta) <= min(errors[:epoch])


@given(RULES, ERRORS)
def test_it_never_ends_before_warm_up_and_patience_are_over(rule, errors):
    end = ended_at(rule, errors)
    # The first epoch is always progress.
    assert end is None or end >= max(1, rule.warm_up_epochs) + rule.patience


@given(RULES, ERRORS)
def test_it_ends_only_after_as_many_epochs_without_progress(rule, errors):
    end = ended_at(rule, errors)
    if end is not None:
        before, since = errors[: end - rule.patience], errors[end - rule.patience : end]
        assert min(since) >= min(before) * (1 - rule.min_delta)


@given(RULES, ERRORS, st.integers(1, 10))
def test_a_longer_warm_up_never_ends_earlier(rule, errors, more):
    later = EarlyStopping(rule.patience, rule.min_delta, rule.warm_up_epochs + more)
    first, second = ended_at(rule, errors), ended_at(later, errors)
    assert second is None or (first is not None and second >= first)


def test_a_best_epoch_of_the_warm_up_still_counts_after_it():
    rule = EarlyStopping(patience=2, warm_up_epochs=3)
    assert ended_at(rule, [0.5, 0.9, 0.8, 0.7, 0.6]) == 5, "0.7 and 0.6 are better than 0.8, but not than 0.5"
    assert ended_at(rule, [0.9, 0.8, 0.7, 0.6, 0.5]) is None


def test_small_steps_add_up_to_progress_and_smaller_ones_do_not():
    rule = EarlyStopping(patience=3, min_delta=0.1)
    assert ended_at(rule, [1.0, 0.96, 0.92, 0.88, 0.84, 0.80, 0.76]) is None
    assert ended_at(rule, [1.0, 0.99, 0.98, 0.97]) == 4
    assert ended_at(EarlyStopping(patience=3), [1.0, 0.99, 0.98, 0.97]) is None
