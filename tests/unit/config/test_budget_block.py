"""Limits that mean something, and nothing else."""

import pytest
from pydantic import ValidationError

from wattshed.config.energy.budget import BudgetBlock


def test_there_is_no_limit_by_default():
    block = BudgetBlock()
    assert not block.any_limit
    assert (block.when_exceeded, block.forecast_after_epochs) == ("stop", 2)


@pytest.mark.parametrize("name", ["run_kwh", "run_kg", "study_kwh", "study_kg"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), "1", True])
def test_a_limit_is_a_finite_number_above_zero(name, value):
    assert BudgetBlock(**{name: 0.5}).any_limit
    with pytest.raises(ValidationError, match=name):
        BudgetBlock(**{name: value})


@pytest.mark.parametrize("wrong", [{"run_kw": 1.0}, {"when_exceeded": "warn"}, {"forecast_after_epochs": 0}])
def test_other_keys_and_words_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        BudgetBlock(**wrong)
