import pytest
from pydantic import ValidationError

from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock


def test_defaults_are_a_labelled_simulation():
    block = ClocksBlock()
    assert block.backend == "simulated"
    assert "simulated" in block.simulated.gpu


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeat": 5},
        {"backend": "dcgm"},
        {"repeats": 0},
        {"points": 1},
        {"max_slowdown_share": 5},
        {"min_point_s": 0},
        {"backend": "replay"},
        {"simulated": {"minimum_mhz": 1500}},
        {"simulated": {"step_mhz": 7}},
        {"simulated": {"compute_share": 1.5}},
        {"simulated": {"gpu": "A100"}},
        {"nvml": {"gpu_index": -1}},
        {"knob": "power_limit"},
        {"knob": "clock", "simulated": {"knob": "power_limit"}},
    ],
)
def test_wrong_keys_and_values_are_refused(wrong):
    with pytest.raises(ValidationError):
        ClocksBlock.model_validate(wrong)


def test_every_key_is_described():
    for block in (ClocksBlock, SimulatedBlock):
        assert all(field.description for field in block.model_fields.values())


@pytest.mark.parametrize("keys", [{}, {"works": ["training", "inference"], "choice": {"rule": "edp"}}])
def test_the_block_survives_the_way_to_a_job(keys):
    block = ClocksBlock(**keys)
    assert ClocksBlock.model_validate_json(block.model_dump_json()) == block


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"works": []}, "works"),
        ({"works": ["inference", "inference"]}, "expected each once"),
        ({"works": ["sleeping"]}, "works"),
        (
            {
                "backend": "replay",
                "works": ["inference", "training"],
                "replay": {"path": "x.csv", "gpu": "a", "workload": "b"},
            },
            "the one that was recorded",
        ),
    ],
)
def test_works_are_checked(keys, words):
    with pytest.raises(ValueError, match=words):
        ClocksBlock(**keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, False),
        ({"simulated": {"heat": {"resistance_k_per_w": 0.1}}}, True),
        ({"recordings": {"mine": {"path": "sweep.csv"}}}, True),
        ({"backend": "nvml"}, True),
    ],
)
def test_only_a_simulated_gpu_without_heat_has_no_temperatures(keys, expected):
    assert ClocksBlock(**keys).may_have_temperatures is expected
