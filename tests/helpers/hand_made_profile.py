"""A device profile with round numbers, and the default study that predictions are made for."""

from dataclasses import replace
from pathlib import Path

import yaml

from wattshed.config.study import Study, load_study
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import CalibrationRecord, DeviceIdentity, DeviceProfile, TimeLaw

CONFIG = Path(__file__).resolve().parents[2] / "config"
LAW = TimeLaw("affine", {"start_s": 1e-5, "flop_s": 1e-10}, 0.05, 20, 1.0, 1e15)
ERRORS = {
    "lstm": [0.08, -0.02, 0.04, -0.1],
    "gru": [0.01, -0.03, 0.05],
    "transformer": [-0.06, 0.07, 0.02, 0.03],
}


def hand_made_profile(**changes: object) -> DeviceProfile:
    """10 us and 0.1 ns per FLOP for every operation, 10 W, errors of at most 0.1 in log energy."""
    profile = DeviceProfile(
        DeviceIdentity("cpu", "a processor", 1, "2.13.0", "torch"),
        CalibrationRecord("2026-01-05T08:00:00+00:00", "0.1.0", 60.0, 300.0, "estimated", "a sensor"),
        {(kind, direction): LAW for kind in Kind for direction in Direction},
        {"default": 10.0},
        overhead_s=1e-3,
        step_factor=1.1,
        cold_byte_s=5e-11,
        log_errors=ERRORS,
    )
    return replace(profile, **changes)


def study_with(**changes: object) -> Study:
    """The default study with other blocks."""
    content = yaml.safe_load((CONFIG / "config.yaml").read_text())
    return load_study({**content, **changes}, beside=CONFIG)
