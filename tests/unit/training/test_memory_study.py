"""Memory levels of a small study: predicted, measured in turns, and left out where that is asked for."""

from itertools import chain, repeat

import pytest
import torch

from wattshed.accounts.runs.runs import windows_frame
from wattshed.calibration.synthetic import World
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.memory.study import MemoryStudyBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.metered_job import metered_job
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation.frames import COLUMNS as MARKS
from wattshed.foundation.frames import read_frame
from wattshed.memory.mechanisms.protocol import Place
from wattshed.training.footprint import automatic
from wattshed.training.footprint.study import MemoryJob, measure_for_study, measured_frames

METERING = MeteringBlock(minimum_window_s=0.01, idle_s=0.0)
RECIPE = {
    "sampling": "pairs", "batch": 8, "epochs": 1, "steps_per_epoch": 2, "learning_rate": 1e-3, "schedule": "cosine",
    "scaling": "node", "clip_norm": None,
}  # fmt: skip
TRANSFORMER = {"form": "transformer", "recipe": "r", "width": 16, "layers": 1, "heads": 2}


@pytest.fixture(scope="module")
def inputs():
    world = World.make(1, nodes=3, hours=24 * 21)
    return JobInputs(world.task(24, 3), world.graph, METERING, torch.device("cpu"))


def job(inputs, folder, model=TRANSFORMER, recipe=RECIPE, **block):
    block = {"levels": ["none", "medium"], "lengths": [48], "repeats": 2, **block}
    return MemoryJob(
        inputs,
        MemoryStudyBlock.model_validate(block),
        {"model": read_model(model)},
        {"model": RecipeBlock(**recipe)},
        *(folder / name for name in ("steps.parquet", "timeline.parquet", "ledger.jsonl")),
    )


def frames(made, folder, **clock):
    with metered_job(folder / "other.jsonl", stage="memory", job="j", labels={}, metering=METERING) as meter:
        return measured_frames(made, meter, **clock)


def test_levels_are_predicted_and_measured_against_the_plain_step(inputs, tmp_path):
    made = job(inputs, tmp_path, alone=[{"kind": "gradient_release"}])
    measure_for_study(made)
    steps = read_frame(made.steps, MARKS["memory_steps"])
    timeline = read_frame(made.timeline, MARKS["memory_timeline"])
    assert steps["level"].tolist() == ["none", "medium", "gradient_release"]
    assert steps["why_none"].isna().all()
    assert steps["alone"].tolist() == [False, False, True]
    assert steps["mechanisms"][1] == "fused_attention, checkpointing"
    assert "aggregation" in steps["left_out"][1]
    measured = steps["measured_peak_bytes"]
    assert measured[1] < measured[0]
    assert measured[2] <= measured[0]
    assert steps["saved_share"][1] < 0.7
    for name in ("step_s", "inference_s", "energy_j_per_step"):
        assert steps[name].gt(0).all(), name
    assert (steps["step_low_s"] <= steps["step_s"]).all()
    assert (steps["inference_s"] <= steps["inference_high_s"]).all()
    off = (steps["predicted_peak_bytes"] / measured - 1).abs()
    assert off.max() < 0.1
    # What the steps find is there under every plan.
    assert (steps["before_bytes"] > 0).all()
    assert (steps["before_bytes"] < measured).all()
    # The ledger has the energy of all repeats of a window, the table that of one step.
    windows = windows_frame([made.ledger])
    of_one = windows["energy_kwh"] * JOULES_PER_KWH / windows["repeats"]
    assert steps["energy_j_per_step"].tolist() == pytest.approx(of_one.tolist())
    # Each level's line, with all phases; a mechanism alone has none.
    assert timeline["level"].unique().tolist() == ["none", "medium"]
    assert set(timeline["phase"]) == {"forward", "backward", "update"}
    most = timeline.groupby("level", sort=False)["live_bytes"].max()
    assert most.tolist() == measured[:2].tolist()


def test_cells_that_are_too_large_are_predicted_and_say_so(inputs, tmp_path):
    steps, timeline = frames(job(inputs, tmp_path, largest_mb=0.001), tmp_path)
    assert steps["predicted_peak_bytes"].gt(1000).all()
    assert steps["measured_peak_bytes"].isna().all()
    assert set(steps["why_none"]) == {"its predicted peak is over memory.largest_mb = 0.001"}
    assert steps["predicted_peak_share"][1] < 1
    assert timeline.empty


def test_after_the_limit_of_time_nothing_more_is_measured(inputs, tmp_path):
    made = job(inputs, tmp_path, lengths=[24, 48], limit_s=10)
    # The job begins, its first cell does; then the time is over.
    times = chain([0.0, 1.0], repeat(11.0))
    steps, _ = frames(made, tmp_path, clock=lambda: next(times))
    by_length = steps.groupby("length")["measured_peak_bytes"].count()
    assert by_length.to_dict() == {24: 2, 48: 0}
    assert set(steps["why_none"].dropna()) == {"the time of memory.limit_s = 10 was over"}


def test_a_plan_that_does_not_fit_says_why_and_spoils_no_other(inputs, tmp_path):
    steps, _ = frames(
        job(inputs, tmp_path, recipe={**RECIPE, "clip_norm": 1.0}, alone=[{"kind": "gradient_release"}]),
        tmp_path,
    )
    lacking = steps[steps["why_none"].notna()]
    assert lacking["level"].tolist() == ["gradient_release"]
    assert "clip_norm" in lacking["why_none"].iloc[0]
    assert steps["measured_peak_bytes"].notna().sum() == 2


def test_a_panel_that_is_too_short_for_a_length_says_so(inputs, tmp_path):
    steps, _ = frames(job(inputs, tmp_path, lengths=[24, 1000]), tmp_path)
    long = steps[steps["length"] == 1000]
    assert set(long["why_none"]) == {"the training part has no window of 1000"}
    assert long["predicted_peak_bytes"].isna().all()
    assert steps.loc[steps["length"] == 24, "measured_peak_bytes"].notna().all()


def test_a_level_that_would_need_more_is_measured_as_the_one_before(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(automatic, "place_of", lambda device, engine: Place(device.type, engine, True))
    linear = job(inputs, tmp_path, model={"form": "dlinear", "recipe": "r"}, levels=["none", "high"])
    steps, _ = frames(linear, tmp_path)
    assert steps["mechanisms"].tolist() == ["", ""]
    assert (
        "bf16 (all that high takes would need more memory here than what medium takes)"
        in steps["left_out"][1]
    )
    assert steps["measured_peak_bytes"][1] == steps["measured_peak_bytes"][0]
