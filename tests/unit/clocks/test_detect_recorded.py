"""What the detectors say about the public sweeps of clocks and of power limits."""

import pandas as pd
import pytest

from wattshed.clocks.backends.replay import RecordedClocks
from wattshed.clocks.contamination.detect import detect, severe_words
from wattshed.clocks.contamination.usable import refusal, usable_sweep
from wattshed.clocks.runs import COLUMNS
from wattshed.config.clocks.replay import ReplayBlock

GPUS = ("a100", "v100")
WORKLOADS = ("llama", "stablediffusion", "vit", "whisper")


def sweep(path, gpu, workload):
    return RecordedClocks(ReplayBlock(path=str(path), gpu=gpu, workload=workload)).recorded_sweep()


@pytest.mark.parametrize("gpu", GPUS)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_public_sweep_ran_from_the_top_down_and_began_cold(recorded_csv, gpu, workload):
    rows = sweep(recorded_csv, gpu, workload)
    found = {one.detector: one for one in detect(rows)}
    settings = rows["setting"].nunique()
    assert f"{settings - 1} of {settings - 1} steps between settings go down" in found["order"].words
    assert found["order"].found
    assert found["cold_first_run"].found
    # The baseline of an ordered sweep leaves the first runs out, so they do not refuse it.
    assert severe_words(detect(rows)) is None
    assert found["drift"].words.startswith("drift cannot be judged")
    assert not found["locked_clock"].found
    assert not found["whole_seconds"].found
    assert found["idle_gpu"].found == (workload != "llama")


@pytest.mark.parametrize("gpu", GPUS)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_scatter_refuses_vit_and_whisper_and_no_other(recorded_csv, gpu, workload):
    why = refusal(usable_sweep(sweep(recorded_csv, gpu, workload)))
    assert (why is not None) == (workload in {"vit", "whisper"})
    assert why is None or "contaminated sweep" in why


@pytest.mark.parametrize("gpu", ["a40", "v100"])
def test_one_run_per_power_limit_cannot_be_judged_for_noise(recorded_csv, gpu):
    table = pd.read_csv(recorded_csv.parent / f"power_limit_{gpu}.csv")
    keys = ["dataset", "network", "batch_size", "optimizer"]
    judged = 0
    for _, rows in list(table.groupby(keys))[:20]:
        frame = limits(rows, gpu)
        judged += 1
        found = {one.detector: one for one in detect(frame)}
        assert severe_words(detect(frame)) is None
        assert not found["cold_first_run"].found
        for name in ("drift", "order"):
            assert "cannot be judged" in found[name].words, found[name]
        assert "fewer than 3" in refusal(usable_sweep(frame))
    assert judged == 20


def limits(rows, gpu):
    frame = pd.DataFrame(
        {
            "backend": "replay",
            "label": "recorded",
            "gpu": gpu.upper(),
            "gpu_uuid": pd.array([pd.NA] * len(rows), dtype="string"),
            "workload": "training",
            "knob": "power_limit",
            "setting": rows["power_limit"].to_numpy(),
            "applied": pd.array([pd.NA] * len(rows), dtype="Int64"),
            "repeat": 1,
            "order": range(1, len(rows) + 1),
            "warm": True,
            "time_s": rows["time_per_epoch"].to_numpy(),
            "energy_j": (rows["time_per_epoch"] * rows["average_power"]).to_numpy(),
            "power_w": rows["average_power"].to_numpy(),
            "energy_by": "mean_power",
            "throttled": False,
            "temperature_c": float("nan"),
        }
    )
    assert tuple(frame.columns) == COLUMNS
    return frame
