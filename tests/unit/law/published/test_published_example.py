"""The source's worked example and tables, recomputed to their last printed digit."""

import json

import pytest

from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import (
    LSTM_A100,
    PAPER_ENERGY,
    README,
    RTX_2080_TI,
    EfficiencyParameters,
)
from wattshed.law.published.printed_tables import heads_table, width_table
from wattshed.law.published.transformer_step import (
    MODEL_A,
    MODEL_B,
    TransformerSizes,
    layer_flops,
    operation_costs,
    step_energy_j,
)
from wattshed.law.published.worked_example import worked_example

ORDER = (Kind.QKV, Kind.SCORES, Kind.ATTENTION_OUTPUT, Kind.OUTPUT_PROJECTION)


@pytest.mark.parametrize(
    ("sizes", "flops", "etas", "durations", "energy"),
    [
        (
            MODEL_A,
            (32_212_254_720, 6_710_886_400, 6_710_886_400, 10_737_418_240),
            ("35.31", "7.75", "9.76", "12.19"),
            ("35.08", "33.29", "26.44", "33.87"),
            "36.064",
        ),
        (
            MODEL_B,
            (72_477_573_120, 10_066_329_600, 10_066_329_600, 24_159_191_040),
            ("51.19", "10.43", "13.11", "21.04"),
            ("108.91", "74.21", "59.05", "88.31"),
            "78.963",
        ),
    ],
    ids="AB",
)
def test_the_final_papers_models_are_reproduced_to_the_last_digit(sizes, flops, etas, durations, energy):
    costs = operation_costs(sizes)
    assert tuple(costs[kind].flops for kind in ORDER) == flops
    assert tuple(f"{costs[kind].eta_percent:.2f}" for kind in ORDER) == etas
    assert tuple(f"{costs[kind].paper_pseudo_us:.2f}" for kind in ORDER) == durations
    assert f"{step_energy_j(sizes):.3f}" == energy
    for cost in costs.values():
        # The source's "microseconds" are a hundredth of the physical ones.
        physical_us = sizes.layers * cost.flops / (156e12 * cost.eta_percent / 100) * 1e6
        assert cost.time_s * 1e6 == pytest.approx(physical_us) == pytest.approx(100 * cost.paper_pseudo_us)


def test_both_forms_of_the_example_have_the_golden_energies():
    older, final = worked_example()
    assert [f"{model.energy_j:.4f}" for model in older.models] == ["26.3035", "31.2904"]
    assert (f"{older.more_percent:.2f}", f"{older.per_million_kwh:.3f}") == ("18.96", "1.385")
    assert [f"{model.energy_j:.3f}" for model in final.models] == ["36.064", "78.963"]
    assert (f"{final.ratio:.4f}", f"{final.per_million_kwh:.2f}") == ("2.1896", "11.92")
    assert [operation.name for operation in older.models[0].operations] == [
        "projections",
        "scores",
        "attention output",
    ]
    # The older read-me times one layer, the final paper all of them.
    assert [example.models[1].operations[0].layers for example in (older, final)] == [1, 12]
    for example in (older, final):
        for model in example.models:
            for operation in model.operations:
                assert operation.paper_pseudo_us == pytest.approx(1e4 * operation.time_s)
        document = json.loads(json.dumps(example.to_json()))
        assert document["models"][0]["sizes"] == {
            "batch": 64,
            "length": 320,
            "layers": 6,
            "heads": 8,
            "width": 512,
        }
        assert document["ratio"] == example.ratio


@pytest.mark.parametrize(("cells", "count"), [(heads_table, 248), (width_table, 620)])
def test_every_cell_of_both_tables_is_reproduced_to_its_last_digit(cells, count):
    found = cells()
    assert len(found) == count
    assert [cell for cell in found if not cell.agrees] == []
    # The printed sizes are as the paper lists them.
    assert {cell.sizes.layers for cell in found} == set(range(2, 64, 2))


def test_heads_that_do_not_divide_the_width_lose_flops_as_in_the_sources_code():
    whole = layer_flops(MODEL_A)
    cut = layer_flops(TransformerSizes(64, 320, 6, 12, 512))
    assert cut[Kind.SCORES] == whole[Kind.SCORES] * (12 * 42) / 512
    assert cut[Kind.QKV] == whole[Kind.QKV]


def test_the_printed_equation_has_other_digits_than_the_code():
    assert f"{step_energy_j(MODEL_A, PAPER_ENERGY):.2f}" == "36.06"
    assert f"{step_energy_j(MODEL_B, PAPER_ENERGY):.2f}" == "78.94"


def test_efficiency_rises_from_zero_to_its_maximum():
    for law in (*RTX_2080_TI.values(), *README.values(), *LSTM_A100.values()):
        found = [law.eta_percent(flops) for flops in (0.0, 1e6, 1e9, 1e12, 1e18)]
        assert found[0] == 0
        assert found == sorted(found)
        assert found[-1] == pytest.approx(law.eta_max_percent)


def test_the_implied_exponent_of_the_laws_own_points_is_its_alpha():
    law = EfficiencyParameters(60.0, 5.0, 0.7)
    points = [(flops, law.eta_percent(flops)) for flops in (1e9, 3e11)]
    assert law.implied_alpha(*points) == pytest.approx(0.7)
    in_gflop = [(1000 * flops, eta) for flops, eta in points]
    assert law.implied_alpha(*in_gflop) == pytest.approx(0.7), "a unit of size does not change it"


@pytest.mark.parametrize("name", ["batch", "length", "layers", "heads", "width"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True, "8"])
def test_sizes_that_are_no_count_are_refused(name, value):
    sizes = {"batch": 1, "length": 2, "layers": 1, "heads": 1, "width": 4} | {name: value}
    with pytest.raises(
        Fault, match=f"the Transformer's {name} is {value!r}: expected a whole number of 1 or more"
    ):
        TransformerSizes(**sizes)


def test_more_heads_than_columns_are_refused():
    with pytest.raises(Fault, match="5 heads and a width of 4: expected at most as many heads as columns"):
        TransformerSizes(1, 2, 1, 5, 4)
