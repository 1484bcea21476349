"""Comparing checkpoints: rows of errors and costs, measured in turns."""

from dataclasses import replace

import torch

from compressed_checkpoints import CPU, QUICK, RECIPE, ROUNDS, VARIANTS, compress, windows_of, write_base
from model_blocks import model_block
from wattshed.compression.comparing import compare_checkpoints, structure
from wattshed.compression.methods.int8 import METHOD as INT8
from wattshed.config.models.compression import variant_of
from wattshed.engine.choice import choose
from wattshed.forecast.series import ScaledSeries
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.spec import ModelSpec, Step, make_forecaster


def test_a_row_says_whether_the_parents_weights_are_in_it_and_what_is_a_control(given, task, graph, tmp_path):
    recipe = RECIPE.model_copy(update={"epochs": 1, "steps_per_epoch": 2}).model_dump_json()
    student = '"method": "distil", "student": {"form": "gru", "hidden": 2}, "recipe": ' + recipe
    base = write_base(tmp_path, task, graph, seeds=(1,))
    taught = compress(given, base, "taught", f"{{{student}}}")
    alone = compress(given, base, "alone", f'{{{student}, "output_weight": 0, "hidden_weight": 0}}')
    packed = compress(given, alone, "packed", '{"method": "half_weights"}')
    rows, _ = compare_checkpoints(given, [*base, *taught, *alone, *packed], QUICK, tmp_path / "model.jsonl")
    assert rows["lineage"].tolist() == ["model", "model+taught", "model+alone", "model+alone+packed"]
    assert rows["uses_parent"].tolist() == [False, True, False, True]
    # What is made of a control is one too.
    assert rows["control"].tolist() == [False, False, True, True]


def test_networks_compete_on_their_kernels_as_they_would_be_in_use(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph)
    half = compress(given, base, "half")
    rows, _ = compare_checkpoints(
        replace(given, engine="auto"), [*base, *half], QUICK, tmp_path / "model.jsonl"
    )
    frame = rows.set_index(["lineage", "seed"])
    assert frame.loc[("model", 1), "engine"] == choose("auto", "cpu", 16).name
    assert frame["peak_torch_bytes_32_windows"].notna().tolist() == (frame["engine"] == "torch").tolist()
    assert frame.loc[("model+half", 1), "engine"] == choose("auto", "cpu", 8, lift=16).name


def test_networks_of_one_structure_are_measured_once_per_seed(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph)
    half, tuned = compress(given, base, "half"), compress(given, base, "half_tuned")
    frame, _ = compare_checkpoints(given, [*base, *half, *tuned], ROUNDS, tmp_path / "model.jsonl")
    assert frame["measured_as"].tolist() == ["model"] * 2 + ["model+half"] * 4
    costs = frame.set_index(["lineage", "seed"])["energy_j_per_1000_forecasts"]
    assert costs["model+half_tuned", 1] == costs["model+half", 1]
    labels = [line["labels"] for line in windows_of(tmp_path / "model.jsonl")]
    turns = [(label["turn"], label["lineage"], label["seed"]) for label in labels]
    one_round = [("model", 1), ("model", 2), ("model+half", 1), ("model+half", 2)]
    assert [turn for turn, *_ in turns] == [0] * 4 + [1] * 4
    assert sorted(turns) == [(turn, *which) for turn in (0, 1) for which in one_round]


def test_an_adapted_checkpoint_takes_the_costs_of_its_ancestor_and_can_be_compressed(
    given, task, graph, tmp_path
):
    base = write_base(tmp_path, task, graph, seeds=(1,))
    forecaster, spec = read_checkpoint(base[0], task, graph, CPU)
    with torch.no_grad():
        forecaster.network.output.bias.add_(0.1)
    adapted = [tmp_path / "model+naive-1.safetensors"]
    write_checkpoint(adapted[0], forecaster.network, spec.after(Step("naive", "strategy", "naive", {})))
    compressed = compress(given, adapted, "half")
    frame, _ = compare_checkpoints(given, [*base, *adapted, *compressed], QUICK, tmp_path / "model.jsonl")
    assert frame["lineage"].tolist() == ["model", "model+naive", "model+naive+half"]
    assert frame["kind"].tolist() == ["base", "strategy", "method"]
    assert frame["measured_as"].tolist() == ["model", "model", "model+naive+half"]
    assert frame["rmse"].nunique() == 3


def test_checkpoints_of_one_graph_share_their_series(given, task, graph, tmp_path, monkeypatch):
    base = write_base(tmp_path, task, graph)
    half = compress(given, base, "half")
    made, make = [], ScaledSeries.make
    monkeypatch.setattr(ScaledSeries, "make", lambda *given: made.append(1) or make(*given))
    compare_checkpoints(given, [*base, *half], QUICK, tmp_path / "model.jsonl")
    assert len(made) == 1


def test_without_observed_later_months_their_errors_are_missing(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph, seeds=(1,))
    observed = task.panel.observed.copy()
    observed[task.splits.test.stop :] = False
    unseen = replace(task, panel=replace(task.panel, observed=observed))
    frame, _ = compare_checkpoints(replace(given, task=unseen), base, QUICK, tmp_path / "model.jsonl")
    assert frame["later_rmse"].isna().all()
    assert frame["rmse"].notna().all()


def test_structure_is_layers_and_shapes_and_not_weights(task, graph):
    specs = [ModelSpec("m", seed, model_block("stgnn"), RECIPE, task.windows) for seed in (1, 2)]
    first, second = (make_forecaster(spec, task, graph, CPU).network for spec in specs)
    assert structure(first) == structure(second)
    int8 = INT8.skeleton(first, variant_of(VARIANTS["int8"]))
    assert structure(int8) != structure(first)
