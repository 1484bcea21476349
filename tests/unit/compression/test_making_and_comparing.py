"""From checkpoints to compressed ones and their comparison, through the scripts, as a study does it."""

import runpy

import numpy as np
import pandas as pd
import pytest
import torch

from compressed_checkpoints import CPU, QUICK, RECIPE, ROUNDS, VARIANTS, compress, windows_of, write_base
from model_blocks import model_block
from wattshed.compression.comparing import compare_checkpoints
from wattshed.compression.making import compress_checkpoints
from wattshed.compression.methods.int8 import METHOD as INT8
from wattshed.compression.methods.protocol import NotAvailable
from wattshed.compression.methods.prune import METHOD as PRUNE
from wattshed.config.models.compression import TuningBlock, variant_of
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster


def test_variants_are_made_and_compared(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph, seeds=(1,))
    made = {name: compress(given, base, name) for name in VARIANTS}
    twice = compress(given, made["half"], "half_again", VARIANTS["half"])
    paths = [*base, *(path for paths in made.values() for path in paths), *twice]
    rows, days = compare_checkpoints(given, paths, ROUNDS, tmp_path / "model.jsonl")
    frame = rows.set_index(["lineage", "seed"])

    assert frame.index.get_level_values("lineage").unique().tolist() == [
        "model",
        *(f"model+{name}" for name in VARIANTS),
        "model+half+half_again",
    ]
    full, half, int8 = (frame.loc[(name, 1)] for name in ("model", "model+half", "model+int8"))
    assert half["parameters"] < full["parameters"]
    assert half["bytes"] == 4 * half["parameters"]
    assert int8["parameters"] == full["parameters"]
    assert int8["bytes"] < full["bytes"] / 2
    assert frame["rmse"].notna().all()
    sums = days.groupby(["lineage", "seed", "part"])[["squared", "absolute", "cells"]].sum()
    for part, prefix in (("test", ""), ("later", "later_"), ("validation", "validation_")):
        own = sums.xs(part, level="part").reindex(frame.index)
        rmse, mae = np.sqrt(own["squared"] / own["cells"]), own["absolute"] / own["cells"]
        assert rmse.tolist() == pytest.approx(frame[f"{prefix}rmse"].tolist())
        assert mae.tolist() == pytest.approx(frame[f"{prefix}mae"].tolist())
    assert frame["later_rmse"].notna().all()
    assert (frame[["r2", "later_r2", "validation_r2"]] < 1).all(axis=None)
    assert (frame[["wape", "mase"]] > 0).all(axis=None)
    for measured in ("latency_s_per_window", "latency_s_per_32_windows", "peak_torch_bytes_32_windows"):
        assert (frame[measured] > 0).all()
    assert frame["latency_s_per_streamed_hour"].isna().all(), "none was trained to stream"
    assert half["multiply_adds_per_forecast"] < full["multiply_adds_per_forecast"]
    assert int8["multiply_adds_per_forecast"] == full["multiply_adds_per_forecast"]
    assert (frame["energy_j_per_1000_forecasts"] > 0).all()
    assert (frame["energy_low"] <= frame["energy_high"]).all()
    assert frame["parent"].fillna("").unique().tolist() == ["", "model", "model+half"]
    assert set(frame["engine"]) == {"torch"}, "the study's engine computes all of them"
    assert frame["kind"].unique().tolist() == ["base", "method"]
    assert frame.index[~frame["uses_parent"]].tolist() == [("model", 1)]
    assert not frame["control"].any()
    assert frame.index[frame["fine_tuned"]].tolist() == [("model+half_tuned", 1)]


def test_the_ledger_names_what_was_made(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph)
    compress(given, base, "half_tuned")
    windows = windows_of(tmp_path / "model+half_tuned.jsonl")
    labels = {"model": "model", "lineage": "model+half_tuned", "variant": "half_tuned"}
    assert [(line["name"], line["labels"]) for line in windows] == [
        (name, {**labels, "seed": seed}) for seed in (1, 2) for name in ("make", "fine_tune")
    ]


def test_the_ledger_tells_what_a_method_noted(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph, seeds=(1,))
    compress(given, base, "thin")
    (window,) = windows_of(tmp_path / "model+thin.jsonl")
    assert 0 < window["values"]["relative_weight_error"] < 1
    compress(given, base, "scratch", '{"method": "low_rank_scratch", "rank": 4}')
    (window,) = windows_of(tmp_path / "model+scratch.jsonl")
    assert window["name"] == "make"
    assert window["values"]["epochs"] == 1
    assert window["energy"]


@pytest.mark.parametrize("form", ["stgnn_reference", "gru"])
def test_other_families_are_compressed_and_fine_tuned(form, given, task, graph, tmp_path):
    recipe = {"stgnn_reference": {"sampling": "windows", "batch": 1}}.get(form, {})
    spec = ModelSpec("model", 1, model_block(form), RECIPE.model_copy(update=recipe), task.windows)
    base = tmp_path / "model-1.safetensors"
    write_checkpoint(base, make_forecaster(spec, task, graph, CPU).network, spec)
    (made,) = compress(given, [base], "half_tuned")
    (untuned,) = compress(given, [base], "half")
    tuned, raw = (read_checkpoint(path, task, graph, CPU)[0] for path in (made, untuned))
    weights = raw.network.state_dict()
    assert not torch.equal(tuned.network.state_dict()["output.weight"], weights["output.weight"])
    origins = task.origins(task.splits.test)[:3]
    assert tuned.forecast(origins).shape == raw.forecast(origins).shape


@pytest.mark.parametrize("name", ["half_tuned", "thin", "int8", "static_int8", "half_weights"])
def test_a_streaming_model_still_streams_when_it_is_smaller(name, given, task, graph, tmp_path):
    recipe = RECIPE.model_copy(update={"sampling": "sequences", "sequence_h": 48, "burn_in_h": 12})
    spec = ModelSpec("model", 1, model_block("stgnn", linear_part=True), recipe, task.windows)
    base = tmp_path / "model-1.safetensors"
    write_checkpoint(base, make_forecaster(spec, task, graph, CPU).network, spec)
    settings = VARIANTS.get(name, f'{{"method": "{name}"}}')
    forecaster, _ = read_checkpoint(compress(given, [base], name, settings)[0], task, graph, CPU)
    assert isinstance(forecaster, StreamingForecaster)
    origins = task.origins(task.splits.test)[:5]
    assert np.isfinite(forecaster.forecast(origins)).all()


def test_steps_of_fine_tuning_that_a_method_cannot_take_are_refused(
    given, task, graph, tmp_path, monkeypatch
):
    base = write_base(tmp_path, task, graph, seeds=(1,))
    monkeypatch.setattr(type(PRUNE), "keeps", frozenset())
    with pytest.raises(Fault, match="half_tuned has 20 fine_tune_steps, but what the method prune makes"):
        compress(given, base, "half_tuned")


def test_the_same_job_gives_the_same_checkpoint(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph, seeds=(1,))
    first = compress(given, base, "half_tuned")[0].read_bytes()
    torch.randn(3)
    assert compress(given, base, "half_tuned")[0].read_bytes() == first


def test_a_method_that_cannot_run_here_leaves_a_checkpoint_that_says_so(
    given, task, graph, tmp_path, monkeypatch
):
    base = write_base(tmp_path, task, graph, seeds=(1,))

    def refuse(network, settings):
        raise NotAvailable("no quantised engine")

    monkeypatch.setattr(INT8, "make", refuse)
    absent = compress(given, base, "int8")
    with pytest.raises(Fault, match="no quantised engine"):
        read_checkpoint(absent[0], task, graph, CPU)
    further = compress(given, absent, "half")
    frame, _ = compare_checkpoints(given, [*base, *absent, *further], QUICK, tmp_path / "model.jsonl")
    assert frame["unavailable"].tolist()[1:] == [
        "no quantised engine",
        "model+int8 is missing here: no quantised engine",
    ]
    assert frame["energy_status"].tolist()[1:] == ["missing", "missing"]
    assert frame["rmse"].isna().tolist() == [False, True, True]


def test_checkpoints_that_do_not_belong_together_are_refused(given, task, graph, tmp_path):
    base = write_base(tmp_path, task, graph)
    with pytest.raises(Fault, match="are both seed 1 of model"):
        compare_checkpoints(given, [base[0], base[0]], QUICK, tmp_path / "l.jsonl")
    half = compress(given, base, "half")
    with pytest.raises(Fault, match=r"checkpoints of model, model\+half: expected the seeds of one lineage"):
        compress(given, [base[0], half[1]], "thin")
    with pytest.raises(Fault, match="names 1 files for 2 checkpoints"):
        compress_checkpoints(
            given,
            base,
            [tmp_path / "x"],
            variant="half",
            settings=variant_of(VARIANTS["half"]),
            tuning=TuningBlock(),
            ledger=tmp_path / "l.jsonl",
        )
    assert not (tmp_path / "l.jsonl").exists()


def test_the_scripts_do_it_from_files(root, given, task, graph, metering, tmp_path):
    scripts = {
        name: runpy.run_path(str(root / f"workflow/scripts/compression/{name}.py"))["main"]
        for name in ("compress_model", "compare_checkpoints", "judge_variants")
    }
    task.panel.write(tmp_path / "panel.safetensors")
    task.splits.write(tmp_path / "splits.json", task.panel)
    graph.write(tmp_path / "graph.safetensors")
    inputs = ["--panel", tmp_path / "panel.safetensors", "--splits", tmp_path / "splits.json"]
    inputs += ["--graph", tmp_path / "graph.safetensors", "--windows", task.windows.model_dump_json()]
    inputs += ["--metering", metering.model_dump_json()]
    base = write_base(tmp_path, task, graph, seeds=(1,))
    made = tmp_path / "model+half-1.safetensors"
    compared, judged = tmp_path / "compared.parquet", tmp_path / "verdicts.parquet"
    days = tmp_path / "compared.days.parquet"

    def run(name, *arguments):
        scripts[name]([str(argument) for argument in arguments])

    run(
        "compress_model",
        *inputs,
        *("--checkpoints", base[0], "--compressed", made, "--variant", "half"),
        *("--settings", VARIANTS["half"], "--compression", '{"batch": 16, "learning_rate": 0.001}'),
        *("--ledger", tmp_path / "model+half.jsonl"),
    )
    run(
        "compare_checkpoints",
        *inputs,
        *("--checkpoints", base[0], made, "--compression", '{"latency_repeats": 5, "energy_rounds": 1}'),
        *("--output", compared, "--output-days", days, "--ledger", tmp_path / "model.jsonl"),
    )
    run(
        "judge_variants", "--compared", compared, "--days", days, "--budget-share", "0.05", "--output", judged
    )
    frame = pd.read_parquet(judged)
    assert frame["lineage"].tolist() == ["model", "model+half"]
    assert frame["verdict"].tolist()[0] == "baseline"
    # An untrained network's R2 is far below 0, and one seed decides nothing.
    run(
        *("judge_variants", "--compared", compared, "--days", days, "--budget-share", "0.05"),
        *("--r2-floor=-0.5", "--output", judged),
    )
    assert pd.read_parquet(judged)["verdict"].tolist()[1] == "undecided"
