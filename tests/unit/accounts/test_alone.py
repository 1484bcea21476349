"""Whether measured work had the machine to itself, by processor time and by the GPUs' energy."""

import numpy as np
import pandas as pd
import pytest

from wattshed.accounts.runs.alone import add_alone, spans_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("own_cpu_s", "others_cpu_s", "gpu_kwh", "machine_gpu_kwh", "alone"),
    [
        (9.0, 0.5, NAN, NAN, True),
        (9.0, 5.0, NAN, NAN, False),
        (0.1, 0.5, NAN, NAN, True),  # less than a tenth of a core
        (NAN, NAN, NAN, NAN, None),
        (9.0, NAN, NAN, NAN, None),
        (9.0, 0.5, 1.0, 1.0, True),
        (9.0, 0.5, 0.95, 1.0, True),
        (9.0, 0.5, 0.5, 1.0, False),
        (NAN, NAN, 0.5, 1.0, False),
        (NAN, NAN, 1.0, 1.0, None),
        (9.0, 0.5, 0.0, 0.0, True),
    ],
)
def test_others_on_a_processor_or_a_gpu_end_solitude(
    own_cpu_s, others_cpu_s, gpu_kwh, machine_gpu_kwh, alone
):
    frame = pd.DataFrame(
        {
            "own_cpu_s": [own_cpu_s],
            "others_cpu_s": others_cpu_s,
            "duration_s": 10.0,
            "gpu_kwh": gpu_kwh,
            "machine_gpu_kwh": machine_gpu_kwh,
        }
    )
    (found,) = add_alone(frame)["alone"]
    assert found is pd.NA if alone is None else found == alone


def test_frames_without_use_know_nothing():
    assert add_alone(pd.DataFrame({"energy_kwh": [1.0, 2.0]}))["alone"].isna().all()


def test_many_short_windows_are_judged_together_and_seed_by_seed():
    """Windows of 0.05 s are too short for the machine's counts; twenty of them are not."""
    rows = [
        {"window": "epoch", "model": "gru", "seed": seed, "own_cpu_s": 0.05, "others_cpu_s": others_s}
        for seed, others_s in ((1, 0.0), (2, 0.05))
        for _ in range(20)
    ]
    windows = pd.DataFrame(rows).assign(duration_s=0.05)
    assert add_alone(windows)["alone"].all()
    spans = spans_of(windows, ("epoch",), "model").set_index("seed")["alone"]
    assert (spans[1], spans[2]) == (True, False)
    shared = windows.assign(gpu_kwh=np.where(windows["seed"] == 1, 0.1, 1.0), machine_gpu_kwh=1.0)
    assert not spans_of(shared, ("epoch",), "model").set_index("seed")["alone"][1]
    assert spans_of(windows, ("fit",), "model").empty
