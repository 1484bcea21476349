"""Made sweeps and the honest choice document of a setting, by medians, for tests of validation and deployment."""

import math

import numpy as np
import pandas as pd

from wattshed.clocks.runs import COLUMNS, KNOBS

UUID = "GPU-8f6a0c1e-1111-2222-3333-444455556666"
SETTINGS = tuple(range(810, 1411, 60))


def made_sweep(
    seed=0,
    repeats=5,
    noise=0.01,
    gpu="NVIDIA A100-SXM4-80GB",
    gpu_uuid=UUID,
    workload="llama",
    knob="clock",
    settings=SETTINGS,
    compute=0.3,
    idle_w=90.0,
    exponent=2.0,
    ordered=False,
):
    """T = 10 s x (compute x fmax/f + rest), P = idle + 210 W (f/fmax)^exponent, in turns, after one cold run."""
    random = np.random.default_rng(seed)
    top = max(settings)
    turns = [one for _ in range(repeats) for one in random.permutation(settings)]
    if ordered:
        turns = [one for one in sorted(settings, reverse=True) for _ in range(repeats)]
    rows, seen = [], dict.fromkeys(settings, 0)
    for order, setting in enumerate([top, *turns]):
        warm = order > 0
        seen[int(setting)] += warm
        time_s = 10 * (compute * top / setting + 1 - compute) * math.exp(noise * random.standard_normal())
        power_w = (idle_w + 210 * (setting / top) ** exponent) * math.exp(noise * random.standard_normal())
        rows.append(
            {
                "backend": "replay",
                "label": "measured",
                "gpu": gpu,
                "gpu_uuid": gpu_uuid,
                "workload": workload,
                "knob": knob,
                "setting": int(setting),
                "applied": int(setting),
                "repeat": seen[int(setting)],
                "order": order,
                "warm": warm,
                "time_s": time_s if warm else 7 * time_s,
                "energy_j": time_s * power_w,
                "power_w": power_w,
                "energy_by": "counter",
                "throttled": False,
                "temperature_c": 60.0,
            }
        )
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"applied": "Int64", "gpu_uuid": "string"})


def made_choice(frame, setting, limit=0.15, status="use"):
    """The document that an honest choice by medians would write for one cell."""
    warm = frame[frame["warm"]]
    first = frame.iloc[0]
    unit, top = KNOBS[first["knob"]].unit, int(frame["setting"].max())
    medians = warm.groupby("setting")[["time_s", "energy_j", "power_w"]].median()
    base = medians.loc[top]

    def shares(one):
        slowdown = medians.loc[one, "time_s"] / base["time_s"] - 1
        saving = 1 - medians.loc[one, "energy_j"] / base["energy_j"]
        return {
            "saving_share": float(saving),
            "saving_low": float(saving - 0.015),
            "saving_high": float(saving + 0.015),
            "slowdown_share": float(slowdown),
            "slowdown_low": float(slowdown - 0.01),
            "slowdown_high": float(slowdown + 0.01),
        }

    used = status == "use"
    return {
        "backend": "replay",
        "label": str(first["label"]),
        "gpu": str(first["gpu"]),
        "gpu_uuid": None if pd.isna(first["gpu_uuid"]) else str(first["gpu_uuid"]),
        "workload": str(first["workload"]),
        "knob": str(first["knob"]),
        "unit": unit,
        "status": status,
        "outcome": "worth it here" if used else "undecided",
        "verdict": f"use {setting} {unit}" if used else "no practical point: keep the maximum",
        "reason": "least energy of the settings within the limit" if used else "the saving may be nothing",
        "rule": "least_energy",
        "setting": setting if used else top,
        "maximum": top,
        "seed": 0,
        "limits": {
            "max_slowdown_share": limit,
            "lowest_share": None,
            "highest_share": None,
            "least_saving_share": None,
            "must_be_stable": False,
            "metric": "energy",
            "source": "stated",
        },
        "baseline_protocol": "interleaved",
        "baseline_settings": [top],
        "baseline_repeats": int((warm["setting"] == top).sum()),
        "baseline_time_s": float(base["time_s"]),
        "baseline_energy_j": float(base["energy_j"]),
        "baseline_cv": 0.01,
        "typical_cv": 0.01,
        "estimator": "median",
        "candidate": setting,
        "candidate_low": setting,
        "candidate_high": setting,
        "candidate_repeats": int((warm["setting"] == setting).sum()),
        **shares(setting),
        "stable": True,
        "fitted": [
            {
                "setting": int(one),
                "measured": True,
                "repeats": int((warm["setting"] == one).sum()),
                **{column: float(medians.loc[one, column]) for column in medians},
                **shares(one),
            }
            for one in medians.index
        ],
        "picks": [
            {
                "rule": "least_energy",
                "constrained": constrained,
                "setting": setting,
                "setting_low": setting,
                "setting_high": setting,
                **shares(setting),
                "edp_gain_share": 0.1,
                "ed2p_gain_share": 0.05,
                "stable": True,
                "reason": "",
            }
            for constrained in (True, False)
        ],
        "front": [setting, top],
        "marked": {"cold": 1, "throttled": 0, "hot": 0, "not_applied": 0},
        "detections": [],
    }
