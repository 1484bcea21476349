"""Sweeps of a curve that is stated point by point."""

import numpy as np
import pandas as pd


def hand_made(settings, times, energies, repeats=3, knob="clock", noise=0.0, seed=0):
    """Interleaved rounds of a curve that is stated point by point; a call takes about 10 s."""
    random = np.random.default_rng(seed)
    rows = []
    for repeat in range(1, repeats + 1):
        for place in random.permutation(len(settings)):
            time_s = 10 * times[place] * np.exp(noise * random.standard_normal())
            energy_j = 100 * energies[place] * np.exp(noise * random.standard_normal())
            rows.append((settings[place], repeat, len(rows), time_s, energy_j, energy_j / time_s))
    frame = pd.DataFrame(rows, columns=["setting", "repeat", "order", "time_s", "energy_j", "power_w"])
    return frame.assign(
        backend="test",
        label="recorded",
        gpu="G",
        gpu_uuid=pd.array([pd.NA] * len(frame), dtype="string"),
        workload="w",
        knob=knob,
        applied=pd.array([pd.NA] * len(frame), dtype="Int64"),
        warm=True,
        energy_by="counter",
        throttled=False,
        temperature_c=np.nan,
    )


SETTINGS = (600, 700, 800, 900, 1000)
TIMES = (1.30, 1.12, 1.04, 1.02, 1.0)
ENERGIES = (0.90, 0.82, 0.85, 0.92, 1.0)
