"""A plug-in's count is checked before its numbers are used."""

import math
from dataclasses import replace

import pytest

from hand_made_profile import hand_made_profile, study_with
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.law.operations.forward import ForwardPass
from wattshed.law.operations.operation import Kind, Operation
from wattshed.law.predicting.model import predict_model
from wattshed.law.predicting.plan import PanelSizes

PANEL = PanelSizes(17, 8760, 129)
PRODUCT = Operation(
    Kind.LINEAR, 2e6, 1e5, rows=256, inner=24, columns=6, backward_flops=4e6, backward_bytes=2e5
)
GOOD = ForwardPass((PRODUCT,), 150, 2)


def predicted(monkeypatch, count, what="count"):
    family, load = replace(plugins.load("family", "gru"), count_fit=None), plugins.load
    family = replace(family, **{what: count})
    monkeypatch.setattr(plugins, "load", lambda table, name: family if name == "gru" else load(table, name))
    return predict_model(study_with(), "gru", PANEL, hand_made_profile())


def test_a_count_that_holds_is_used(monkeypatch):
    assert predicted(monkeypatch, lambda settings, sizes: GOOD).step.energy_j > 0


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (5, "gave int in place of a ForwardPass"),
        ([PRODUCT], "gave list in place of a ForwardPass"),
        (replace(GOOD, operations=PRODUCT), "not a tuple of Operation"),
        (replace(GOOD, operations=(3,)), "not a tuple of Operation"),
        (replace(GOOD, operations=()), "gave no operation"),
        (replace(GOOD, parameters=-5), "parameters is -5"),
        (replace(GOOD, parameters=math.nan), "parameters is nan"),
        (replace(GOOD, tensors="two"), "wrong count"),
        *(
            (replace(GOOD, operations=(replace(PRODUCT, **wrong),)), says)
            for wrong, says in (
                ({"flops": -1e9}, "linear: flops is -1"),
                ({"flops": math.nan}, "linear: flops is nan"),
                ({"bytes_moved": math.inf}, "linear: bytes_moved is inf"),
                ({"backward_flops": -1.0}, "linear: backward_flops is -1"),
                ({"flops": "many"}, "wrong count"),
                ({"flops": 0, "bytes_moved": 0}, "neither FLOPs nor bytes"),
                ({"calls": -1}, "calls is -1"),
                ({"calls": 0.5}, "calls is 0.5"),
                ({"dependent_steps": 0}, "dependent_steps is 0"),
                ({"rows": -2}, "rows is -2"),
                ({"kind": "linear"}, "is not of Kind and Direction"),
            )
        ),
    ],
)
def test_nonsense_is_one_sentence(monkeypatch, found, says):
    with pytest.raises(
        Fault, match=r"the model family 'gru': its count .*; correct the plug-in\.$"
    ) as refused:
        predicted(monkeypatch, lambda settings, sizes: found)
    assert says in str(refused.value)


@pytest.mark.parametrize("count", [5, lambda: GOOD, lambda settings, sizes, more: GOOD])
def test_what_cannot_be_called_is_one_sentence(monkeypatch, count):
    with pytest.raises(Fault, match=r"its count cannot be called with settings and sizes: expected count\("):
        predicted(monkeypatch, count)


@pytest.mark.parametrize("found", [7, [PRODUCT], (replace(PRODUCT, flops=math.nan),)])
def test_a_wrong_fit_is_one_sentence(monkeypatch, found):
    with pytest.raises(Fault, match=r"its count_fit .* to give a tuple of Operations, or None"):
        predicted(monkeypatch, lambda settings, sizes: found, "count_fit")
