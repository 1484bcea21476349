"""Device profiles as files: written whole, read whole, refused where they are damaged or of another device."""

import json
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import JSON_DIGEST, json_digest
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import (
    SCHEMA,
    CalibrationRecord,
    DeviceIdentity,
    DeviceProfile,
    TimeLaw,
)
from wattshed.law.profile.files import check_device, default_profile, read_profile, write_profile

DEVICE = DeviceIdentity("cpu", "AMD EPYC", 1, "2.13.0", "fused_cpu")
LAW = TimeLaw("affine", {"start_s": 1e-6, "flop_s": 2e-11}, 0.05, 20, 1e3, 1e9)


def made(**changed):
    whole = DeviceProfile(
        DEVICE,
        CalibrationRecord("2026-01-01T00:00:00+00:00", "1.0", 58.2, 240.0, "estimated", "cpu: tdp", 3),
        {(Kind.LINEAR, Direction.FORWARD): LAW, (Kind.OPTIMISER, Direction.UPDATE): LAW},
        {"default": 4.0, "linear": 4.5},
        1e-4,
        1.1,
        {"gru": (0.1, -0.05)},
        {"power": ({"name": "steps", "energy_j": None},)},
    )
    return replace(whole, **changed)


def changed_file(path, *keys, value=None, drop=False, sealed=True):
    content = json.loads(path.read_text())
    content.pop(JSON_DIGEST)
    part = content
    for key in keys[:-1]:
        part = part[key]
    if drop:
        del part[keys[-1]]
    else:
        part[keys[-1]] = value
    if sealed:
        content[JSON_DIGEST] = json_digest(content)
    path.write_text(json.dumps(content))


def as_read(profile):
    """Sequences are lists after reading, but for those of the record."""
    return replace(
        profile,
        log_errors={name: list(errors) for name, errors in profile.log_errors.items()},
        points={name: [dict(row) for row in rows] for name, rows in profile.points.items()},
    )


def test_a_profile_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "profile.json"
    write_profile(path, made())
    assert read_profile(path) == as_read(made())
    assert [file.name for file in path.parent.iterdir()] == ["profile.json"]


numbers = st.floats(-50, 50)


@settings(max_examples=25)
@given(st.floats(0, 1e300), st.floats(min_value=1e-9, max_value=1e9), st.lists(numbers, max_size=4))
def test_every_number_survives(tmp_path_factory, overhead_s, factor, errors):
    path = tmp_path_factory.getbasetemp() / "numbers.json"
    profile = made(overhead_s=overhead_s, step_factor=factor, log_errors={"lstm": errors})
    write_profile(path, profile)
    assert read_profile(path) == as_read(profile)


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (("schema",), SCHEMA + 1, f"schema {SCHEMA + 1}: expected {SCHEMA}"),
        (("schema",), True, "schema True"),
        (("device",), [], "device is not a mapping"),
        (("device", "kind"), "tpu", "device.kind is 'tpu'"),
        (("device", "threads"), 0, "device.threads is 0"),
        (("device", "engine"), "fast", "device.engine is 'fast'"),
        (("device", "name"), "", "name is ''"),
        (("laws",), {}, "laws is not a list"),
        (("laws", 0, "kind"), "teleport", "'teleport' is not a valid Kind"),
        (("laws", 0, "direction"), "sideways", "'sideways' is not a valid Direction"),
        (("laws", 0, "coefficients", "start_s"), "1", "start_s is '1'"),
        (("laws", 0, "points"), None, "points is None"),
        (("laws", 1), {"kind": "gru_elementwise", "direction": "forward"}, "lacks the key 'coefficients'"),
        (("power_w",), {"linear": 3.0}, "no key 'default'"),
        (("power_w", "default"), 0, "expected a number above 0"),
        (("power_w", "default"), -4.0, "expected a number above 0"),
        (("step_factor",), 0.0, "expected a number above 0"),
        (("overhead_s",), False, "overhead_s is False"),
        (("overhead_s",), 10**400, "expected a finite number"),
        (("overhead_s",), -1e-6, "overhead_s is -1e-06, expected a number of 0 or more"),
        (("cold_byte_s",), -1e-12, "cold_byte_s is -1e-12, expected a number of 0 or more"),
        (("laws", 0, "coefficients", "start_s"), -1e-6, "start_s is -1e-06, expected a number of 0 or more"),
        (("laws", 0, "flops_low"), 1e12, "flops_low is 1e+12, above flops_high"),
        (("device", "engine"), "fused_cuda", "'fused_cuda' on a device of kind 'cpu'"),
        (("log_errors", "gru"), [1000.0], "expected at most 50 on a log scale"),
        (("log_errors", "gru"), 0.1, "gru is not a list"),
        (("log_errors", "gru"), [None], "log_errors.gru is None"),
        (("points",), [], "points is not a mapping"),
        (("points", "power"), [1], "points.power is not a mapping"),
        (("calibration", "energy_j"), None, "energy_j is None"),
    ],
)
def test_a_damaged_profile_is_refused_in_one_sentence(tmp_path, keys, value, says):
    path = tmp_path / "profile.json"
    write_profile(path, made())
    changed_file(path, *keys, value=value)
    with pytest.raises(Fault) as refused:
        read_profile(path)
    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert "wattshed calibrate" in str(refused.value)


@pytest.mark.parametrize(
    "key", ["device", "calibration", "laws", "power_w", "overhead_s", "step_factor", "log_errors", "points"]
)
def test_a_missing_key_is_named(tmp_path, key):
    path = tmp_path / "profile.json"
    write_profile(path, made())
    changed_file(path, key, drop=True)
    with pytest.raises(Fault, match=f"lacks the key '{key}'"):
        read_profile(path)


def test_two_laws_of_the_same_operation_are_refused(tmp_path):
    path = tmp_path / "profile.json"
    write_profile(path, made())
    row = json.loads(path.read_text())["laws"][0]
    changed_file(path, "laws", value=[row, row])
    with pytest.raises(Fault, match="two laws of linear forward"):
        read_profile(path)


def test_an_altered_profile_is_refused(tmp_path):
    path = tmp_path / "profile.json"
    write_profile(path, made())
    text = path.read_text()
    path.write_text(text.replace('"default": 4.0', '"default": 5.0'))
    with pytest.raises(Fault, match="was altered"):
        read_profile(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged"),
        (b"{", "damaged"),
        (b"[" * 200_000, "damaged"),
        (b"[]", "holds no keys"),
        (b"{}", "no key 'schema'"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_profile_is_refused(tmp_path, content, says):
    path = tmp_path / "profile.json"
    path.write_bytes(content)
    with pytest.raises(Fault, match=says):
        read_profile(path)


def test_a_missing_profile_and_a_folder_are_refused(tmp_path):
    with pytest.raises(Fault, match="does not exist: run wattshed calibrate"):
        read_profile(tmp_path / "none.json")
    with pytest.raises(Fault, match="cannot be read"):
        read_profile(tmp_path)


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match="cannot be written"):
        write_profile(tmp_path / "file" / "profile.json", made())
    # A number that is not finite is a defect, and the old profile stays.
    path = tmp_path / "profile.json"
    write_profile(path, made())
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_profile(path, made(overhead_s=float("nan")))
    assert read_profile(path) == as_read(made())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "profile.json"]


def test_the_same_device_passes(tmp_path):
    check_device(made(), DEVICE, tmp_path)
    # Where a kernel could not be made then, the profile's engine counts.
    check_device(made(device=replace(DEVICE, engine="torch")), DEVICE, tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "cuda"}, "another kind of device (cpu; here: cuda)"),
        ({"name": "Intel"}, "another device (AMD EPYC; here: Intel)"),
        ({"threads": 4}, "another number of threads (1; here: 4)"),
        ({"torch": "3.0"}, "another version of torch (torch 2.13.0; here: torch 3.0)"),
        ({"torch": "not installed"}, "(torch 2.13.0; here: not installed)"),
        ({"engine": "torch"}, "another engine (fused_cpu"),
    ],
)
def test_another_device_is_refused_in_one_sentence(tmp_path, change, says):
    path = tmp_path / "profile.json"
    with pytest.raises(Fault) as refused:
        check_device(made(), replace(DEVICE, **change), path)
    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert "wattshed calibrate" in str(refused.value)


def test_the_default_profile_is_named_by_device_and_threads(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_profile() == tmp_path / "wattshed/profiles/cpu-1.json"
    assert default_profile("cuda", 4).name == "cuda-4.json"
    monkeypatch.setenv("WATTSHED_PROFILE", str(tmp_path / "mine.json"))
    assert default_profile() == tmp_path / "mine.json"


def test_a_number_that_is_not_finite_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "profile.json"
    write_profile(path, made())
    path.write_text(path.read_text().replace('"step_factor": 1.1', '"step_factor": NaN'))
    with pytest.raises(Fault, match="damaged \\(a number is not finite\\)"):
        read_profile(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Fault, match="a device, a pipe or a socket: expected a file"):
        read_profile(tmp_path / "pipe")
