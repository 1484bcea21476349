"""The memory of a step, predicted without computing it, against the same step on real tensors."""

import json
from dataclasses import replace

import pytest
import torch

from mechanism_cases import REGIONS, block_of, families, recipe_of, windows_of
from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.memory.mechanisms.protocol import Place
from wattshed.memory.plan import plan_of
from wattshed.training.checkpoint import read_spec
from wattshed.training.footprint import automatic
from wattshed.training.footprint.choose import fitting_level, limit_of
from wattshed.training.footprint.predict import predict_footprint
from wattshed.training.footprint.real_step import RealStep
from wattshed.training.footprint.sizes import TaskSizes
from wattshed.training.spec import ModelSpec, place_of

WINDOWS = WindowsBlock(look_back_h=8, horizon_h=3)
PAIRS, SEQUENCES, WHOLE = (
    {"sampling": "pairs"},
    {"sampling": "sequences", "sequence_h": 12, "burn_in_h": 3},
    {},
)
LEVELS = ("none", "low", "medium", "high")
CASES = {
    "transformer": ({"form": "transformer", "width": 8}, PAIRS, "auto"),
    "dlinear": ({"form": "dlinear"}, PAIRS, "auto"),
    "kernel": ({"form": "stgnn", "hidden": 8, "calendar": True, "state_dropout": 0.1}, PAIRS, "auto"),
    "averaged": ({"form": "gru", "hidden": 8, "node_table": True}, {**PAIRS, "ema_decay": 0.9}, "torch"),
    "lstm": ({"form": "lstm", "hidden": 8}, {**PAIRS, "accumulate": 2}, "torch"),
    "dense": ({"form": "lstm", "hidden": 8, "recurrent_layers": 2}, SEQUENCES, "torch"),
    "windows": ({"form": "stgnn_reference", "hidden": 8}, {"sampling": "windows"}, "torch"),
    "sampled": (
        {"form": "stgnn_reference", "hidden": 8},
        {"sampling": "windows", "node_keep_share": 0.5},
        "torch",
    ),
}


def recipe(**keys):
    plain = {"batch": 4, "epochs": 1, "learning_rate": 1e-3, "schedule": "cosine", "scaling": "node"}
    return RecipeBlock.model_validate({**plain, **keys})


def case(name, windows=WINDOWS):
    model, keys, engine = CASES[name]
    spec = ModelSpec(name, 1, model_block(**model), recipe(**keys), windows)
    return spec, TaskSizes(nodes=5, steps=300, edges=12, validation_windows=6, engine=engine)


@pytest.mark.parametrize("name", CASES)
def test_a_predicted_step_is_the_real_one(name):
    spec, sizes = case(name)
    seen = set()
    for level in LEVELS:
        plan = plan_of(spec.recipe, spec.model, WINDOWS, place_of(torch.device("cpu"), sizes.engine), level)
        if plan.names in seen:
            continue
        seen.add(plan.names)
        predicted = predict_footprint(spec, sizes, plan)
        real = RealStep.make(spec, sizes, plan)
        real.step()
        live, saved = real.counted()
        assert predicted.step_peak_bytes == pytest.approx(live.peak, rel=0.02), level
        assert predicted.saved_bytes == pytest.approx(saved.bytes, rel=0.05, abs=1024), level
        assert sum(live.at_peak().values()) == live.peak
        parts = (predicted.weights_bytes, predicted.gradients_bytes, predicted.optimiser_bytes)
        assert all(part >= 0 for part in parts)
        assert predicted.peak_bytes == max(predicted.step_peak_bytes, predicted.look_peak_bytes)


@pytest.mark.parametrize("name", ["dense", "kernel"])
def test_a_predicted_step_of_a_quarter_of_an_hour_is_the_real_one(name):
    quarters = WindowsBlock(look_back_steps=8, horizon_steps=3, step_minutes=15)
    spec, sizes = case(name, quarters)
    linear = spec.model.model_copy(update={"linear_part": True})
    spec, sizes = replace(spec, model=linear), replace(sizes, steps=4 * 300)
    plan = plan_of(spec.recipe, spec.model, quarters, place_of(torch.device("cpu"), sizes.engine))
    real = RealStep.make(spec, sizes, plan)
    real.step()
    predicted = predict_footprint(spec, sizes, plan)
    assert predicted.step_peak_bytes == pytest.approx(real.counted()[0].peak, rel=0.02)


# One line for each mechanism that runs on a processor: settings, and keys of the recipe.
NAMED = {
    "gating": ({}, {}),
    "low_rank": ({"rank": 2}, {}),
    "fused_attention": ({}, {}),
    "block_attention": ({"block": 4}, {}),
    "aggregation": ({}, {}),
    "checkpointing": ({}, {}),
    "activation_offload": ({"target": "file", "minimum_mb": 0.001}, {}),
    "bf16": ({}, {}),
    "accumulation": ({"parts": 2}, {}),
    "gradient_release": ({}, {"clip_norm": None}),
}


def test_all_mechanisms_of_a_processor_are_predicted():
    assert set(NAMED) | {"gradient_offload"} == set(plugins.names("mechanism"))


@pytest.mark.parametrize("kind", NAMED)
def test_a_predicted_step_with_a_named_mechanism_is_the_real_one(kind):
    settings, keys = NAMED[kind]
    form = "gnn_stan" if "gnn_stan" in families(kind) else "transformer"
    windows = windows_of(form)
    asked = recipe_of(form, **keys, memory={"mechanisms": [{"kind": kind, **settings}]})
    spec = ModelSpec(kind, 1, block_of(form), asked, windows)
    sizes = TaskSizes(5, 60, 12, 6, regions=REGIONS if asked.sampling == "examples" else 0, engine="torch")
    plan = plan_of(asked, spec.model, windows, place_of(torch.device("cpu"), "torch"))
    assert plan.names == (kind,)
    predicted = predict_footprint(spec, sizes, plan)
    real = RealStep.make(spec, sizes, plan)
    real.step()
    live, _ = real.counted()
    assert predicted.step_peak_bytes == pytest.approx(live.peak, rel=0.05)


def test_a_step_of_gigabytes_is_predicted_without_them():
    windows = WindowsBlock(look_back_h=336, horizon_h=3)
    asked = recipe(**{**PAIRS, "batch": 512})
    spec = ModelSpec("long", 1, model_block(form="transformer"), asked, windows)
    found = predict_footprint(spec, TaskSizes(5, 2000, 12, 6), plan_of(asked, spec.model, windows))
    assert found.step_peak_bytes > 2e9
    assert found.phase_of_peak in ("forward", "backward", "validation")


def test_a_closed_form_has_no_step_to_predict():
    spec = ModelSpec("ridge", 1, model_block(form="pooled_ridge", recipe=None), recipe(**PAIRS), WINDOWS)
    with pytest.raises(Fault, match="ridge is solved in closed form"):
        predict_footprint(spec, TaskSizes(5, 300, 12, 6), plan_of(spec.recipe, spec.model, WINDOWS))


def test_the_first_level_that_fits_is_taken_and_none_is_refused():
    # Long enough for attention to have the peak.
    spec, sizes = case("transformer", WindowsBlock(look_back_h=24, horizon_h=3))
    plans = {level: plan_of(spec.recipe, spec.model, spec.windows, None, level) for level in LEVELS}
    found = {level: predict_footprint(spec, sizes, plan) for level, plan in plans.items()}
    peaks = {level: one.peak_bytes for level, one in found.items()}
    assert peaks["none"] > peaks["low"] >= peaks["medium"]
    assert fitting_level(found, peaks["none"]) == "none"
    assert fitting_level(found, peaks["none"] - 1) == "low"
    least = min(peaks.values())
    with pytest.raises(
        Fault, match=r"no level fits .* MB: the smallest predicted peak is .* memory.limit_mb"
    ):
        fitting_level(found, least - 1)


@pytest.fixture
def computes_bf16(monkeypatch):
    """Levels for a processor with instructions for bf16, whatever this machine has."""
    monkeypatch.setattr(automatic, "place_of", lambda device, engine: Place(device.type, engine, True))


TRAINED = [form for form in plugins.names("family") if plugins.load("family", form).samplings]


@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("form", TRAINED)
def test_a_higher_level_never_needs_more(form, batch, computes_bf16):
    windows = windows_of(form)
    spec = ModelSpec(form, 1, block_of(form), recipe_of(form, batch=batch), windows)
    sizes = TaskSizes(5, 300, 12, 2, regions=REGIONS if spec.recipe.sampling == "examples" else 0)
    known = {}
    for kind, step_alone in (("peak_bytes", False), ("step_peak_bytes", True)):
        levels = automatic.levels_of(
            spec, sizes, torch.device("cpu"), "torch", known=known, step_alone=step_alone
        )
        assert tuple(levels) == LEVELS
        peaks = [getattr(found.footprint, kind) for found in levels.values()]
        assert peaks == sorted(peaks, reverse=True), kind
        for level, found in levels.items():
            assert found.plan.level == level
            assert found.plan.names == levels[found.taken].plan.names


def test_a_level_that_would_need_more_takes_the_mechanisms_of_the_one_before(
    task, graph, metering, tmp_path, capsys, computes_bf16
):
    asked = recipe(**PAIRS, steps_per_epoch=1, validation_windows=1, memory="high")
    spec = ModelSpec("small", 1, model_block(form="dlinear"), asked, task.windows)
    high = plan_of(asked, spec.model, task.windows, Place("cpu", "auto", True), "high")
    assert high.names == ("bf16",)
    train_into(tmp_path, task, graph, metering, spec)
    said = capsys.readouterr().out
    assert "small: memory level high, as the recipe says, with the mechanisms of medium, because" in said
    assert "left out: bf16 (all that high takes would need more memory here than what medium takes)" in said
    assert read_spec(tmp_path / "model.safetensors")[0].recipe.memory.level == "medium"


def test_a_limit_that_no_level_fits_ends_a_training_before_anything_is_metered(
    task, graph, metering, tmp_path
):
    asked = recipe(**PAIRS, memory={"level": "auto", "limit_mb": 0.001}, validation_windows=6)
    spec = ModelSpec("small", 1, model_block(form="dlinear"), asked, task.windows)
    with pytest.raises(Fault, match=r"no level fits 0\.00100 MB: the smallest predicted peak is") as refused:
        train_into(tmp_path, task, graph, metering, spec)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_the_limit_is_the_configurations_or_the_machines():
    assert limit_of(torch.device("cpu"), 5) == (5e6, "memory.limit_mb")
    assert limit_of(torch.device("cpu"), None)[0] > 1e6


def test_auto_is_settled_before_the_training_and_kept_in_its_checkpoint(
    task, graph, metering, tmp_path, capsys
):
    keys = {**PAIRS, "batch": 64, "steps_per_epoch": 1}
    model = model_block(form="transformer", width=8)
    plain = ModelSpec("small", 1, model, recipe(**keys), task.windows)
    hours, nodes = task.panel.values.shape
    sizes = TaskSizes(nodes, hours, 5 * nodes, 6)
    plans = [plan_of(plain.recipe, model, task.windows, None, level) for level in ("none", "low")]
    limit_mb = sum(predict_footprint(plain, sizes, plan).peak_bytes for plan in plans) / 2 / 1e6
    asked_for = {**keys, "memory": {"level": "auto", "limit_mb": limit_mb}, "validation_windows": 6}
    asked = ModelSpec("small", 1, model, recipe(**asked_for), task.windows)
    train_into(tmp_path, task, graph, metering, asked)
    spec, _ = read_spec(tmp_path / "model.safetensors")
    assert spec.recipe.memory.level == "low"
    said = capsys.readouterr().out
    assert "small: memory level low, the first whose predicted peak fits" in said
    assert "left out: aggregation" in said
    lines = map(json.loads, (tmp_path / "ledger.jsonl").read_text().splitlines())
    (epoch,) = [line for line in lines if line.get("window") == "epoch" or line.get("name") == "epoch"]
    assert epoch["values"]["predicted_peak_bytes"] < limit_mb * 1e6
    (last,) = [line for line in said.splitlines() if "measured peak" in line]
    assert last.startswith(
        f"small, seed 1: predicted peak {megabytes_text(epoch['values']['predicted_peak_bytes'])} MB, measured peak "
    )
    rise = epoch["values"].get("resident_rise_bytes")
    assert ("unknown" if rise is None else f"{megabytes_text(rise)} MB, as the rise of the process's") in last
    assert "time and energy beside the plain step's are measured by a study's block memory" in last
