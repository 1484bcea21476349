import copy
import json
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from made_pairs import pairs_of
from wattshed.compression.judge import judge_variants, verdict
from wattshed.compression.measuring import measure_variants
from wattshed.compression.methods.int8 import NotAvailable, quantise
from wattshed.compression.methods.low_rank import low_rank
from wattshed.compression.methods.pruning import most_important, remove_units
from wattshed.config.models.compression import CompressionBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.families.networks import STGNN, parameter_count
from wattshed.forecast.job_inputs import JobInputs
from wattshed.training.checkpoint import ModelSpec, make_forecaster, write_checkpoint
from wattshed.training.over_checkpoints import over_checkpoints

CPU = torch.device("cpu")
PAIRS = pairs_of(torch.randn(9, 12), torch.randn(9, 12), torch.rand(9))


def network(hidden=16, seed=0):
    torch.manual_seed(seed)
    return STGNN(6, hidden).eval()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), kept=st.integers(1, 15))
def test_removing_unread_units_changes_nothing(seed, kept):
    """compression_continual.md D2: exact if the dropped units' outgoing columns are zero."""
    full = network(seed=seed)
    keep = torch.randperm(16, generator=torch.Generator().manual_seed(seed))[:kept].sort().values
    dropped = torch.tensor([unit for unit in range(16) if unit not in keep.tolist()])
    with torch.no_grad():
        full.gru.weight_hh_l0[:, dropped] = 0
        full.output.weight[:, dropped] = 0
    smaller = remove_units(full, keep).eval()
    torch.testing.assert_close(smaller(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


def test_removing_dead_units_changes_nothing():
    full = network()
    dead = torch.tensor([1, 5, 11])
    with torch.no_grad():
        for weights in (
            full.gru.weight_ih_l0,
            full.gru.weight_hh_l0,
            full.gru.bias_ih_l0,
            full.gru.bias_hh_l0,
        ):
            weights[dead + 32] = 0
    keep = torch.tensor([unit for unit in range(16) if unit not in dead.tolist()])
    torch.testing.assert_close(remove_units(full, keep)(PAIRS), full(PAIRS), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("graph", "own"), [(True, False), (False, True)])
def test_a_pruned_network_keeps_the_channels_it_has(graph, own):
    full = STGNN(6, 16, uses_graph=graph, uses_own_history=own).eval()
    torch.testing.assert_close(remove_units(full, torch.arange(16))(PAIRS), full(PAIRS))


def test_pruning_truly_removes_weights():
    """A7.12: masking left the same tensors and the same work."""
    full = network()
    half = remove_units(full, most_important(full, 0.5))
    g, h = 16, 8
    assert parameter_count(half) == 3 * g + 3 * (g * h + h * h) + 6 * h + h * 6 + 6
    assert half.gru.hidden_size == 8
    assert parameter_count(full) == 1782


def test_the_least_important_units_go_first():
    full = network()
    with torch.no_grad():
        full.gru.weight_hh_l0[:, 3] = 0
        full.output.weight[:, 3] = 0
        for weights in (full.gru.weight_ih_l0, full.gru.weight_hh_l0):
            weights[[3, 19, 35]] = 0
    assert 3 not in most_important(full, 15 / 16).tolist()


def test_full_rank_is_exact_and_less_rank_is_worse_step_by_step():
    full = network()
    with torch.no_grad():
        expected = full(PAIRS)
        errors = [
            float((low_rank(full, rank).eval()(PAIRS) - expected).abs().max()) for rank in (16, 12, 6, 1)
        ]
    assert errors[0] < 1e-5
    assert errors[0] < errors[2] < errors[3]


def test_low_rank_saves_only_below_three_quarters_of_the_units():
    """A7.14."""
    full = network()
    assert parameter_count(low_rank(full, 11)) < parameter_count(full)
    assert parameter_count(low_rank(full, 12)) >= parameter_count(full)


def test_a_low_rank_network_can_be_trained_and_leaves_the_full_one_alone():
    full = network()
    before = copy.deepcopy(full.state_dict())
    thin = low_rank(full, 4)
    thin(PAIRS).square().sum().backward()
    assert all(parameter.grad is not None for parameter in thin.parameters())
    assert all(torch.equal(value, before[name]) for name, value in full.state_dict().items())


def test_int8_is_close_where_it_is_available():
    full = network()
    try:
        quantised = quantise(full)
    except NotAvailable as reason:
        pytest.skip(f"dynamic int8 is not available here: {reason}")
    with torch.no_grad():
        expected = full(PAIRS)
        difference = (quantised(PAIRS) - expected).abs().max() / expected.abs().max()
    assert 0 < float(difference) < 0.1


def row(**changes):
    base = {"rmse": 1.0, "mae": 0.5, "energy_j_per_1000_forecasts": 2.0, "latency_s_per_window": 0.01}
    return {**base, **changes}


@pytest.mark.parametrize(
    ("changes", "says", "reason"),
    [
        ({"energy_j_per_1000_forecasts": 1.0}, "worth it here", "50% less energy"),
        ({"energy_j_per_1000_forecasts": 2.6}, "not worth it here", "30% more energy"),
        ({"energy_j_per_1000_forecasts": 1.95}, "not worth it here", "at least 5% less is asked"),
        ({"energy_j_per_1000_forecasts": 1.0, "mae": 0.53}, "not worth it here", "error rises by 6.0%"),
        ({"energy_j_per_1000_forecasts": 1.0, "rmse": 0.9}, "worth it here", "50% less"),
    ],
)
def test_the_verdict_needs_both_budget_and_saving(changes, says, reason):
    found = verdict(row(**changes), row(), 0.05)
    assert found["verdict"] == says
    assert reason in found["reason"]


def test_without_energy_the_verdict_rests_on_time():
    full = row(energy_j_per_1000_forecasts=None)
    faster = row(energy_j_per_1000_forecasts=None, latency_s_per_window=0.005)
    assert verdict(faster, full, 0.05)["reason"] == "50% less time per forecast"


def test_a_whole_compression_job(task, graph, metering, tmp_path):
    recipe = RecipeBlock(
        sampling="pairs", batch=64, epochs=1, learning_rate=5e-3, schedule="cosine", scaling="node"
    )
    made_by = ModelSpec("model", 1, ModelBlock(form="stgnn", recipe="r"), recipe, task.windows)
    write_checkpoint(tmp_path / "m.safetensors", make_forecaster(made_by, task, graph, CPU).network, made_by)
    block = CompressionBlock(
        variants={
            "half": {"method": "prune", "keep_share": 0.5, "fine_tune_steps": 20},
            "thin": {"method": "low_rank", "rank": 4},
            "int8": {"method": "int8"},
        },
        latency_repeats=5,
        energy_rounds=2,
    )
    rows = over_checkpoints(
        [tmp_path / "m.safetensors"],
        JobInputs(task, graph, metering, CPU),
        partial(measure_variants, task, block),
        stage="compression",
        ledger=tmp_path / "l.jsonl",
    )
    frame = judge_variants(rows, 0.05).set_index("variant")
    assert frame.index.tolist() == ["full", "half", "thin", "int8"]
    made = frame[frame["verdict"] != "not available here"]
    assert (made["latency_s_per_window"] > 0).all()
    assert (made["energy_j_per_1000_forecasts"] > 0).all()
    assert frame.loc["half", "parameters"] < frame.loc["full", "parameters"]
    assert frame.loc["half", "bytes"] < frame.loc["full", "bytes"]
    assert frame.loc["full", "verdict"] == "baseline"
    assert frame["reason"].notna().all()
    windows = [json.loads(line) for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    assert [line["name"] for line in windows if line["event"] == "window"].count("fine_tune") == 1
