"""A calibration of few kinds: real kernels and steps under a real meter, in seconds."""

import json
import time
from contextlib import nullcontext

import pytest
import torch

from hand_made_profile import hand_made_profile
from wattshed.calibration.calibrate import calibrate
from wattshed.calibration.limits import TooFewSeconds
from wattshed.calibration.studies import device_job
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.files import check_device, here, read_profile, write_profile

# What a token-level LSTM consists of.
KERNELS = ("linear", "lstm", "elementwise", "embedding", "token_loss", "clipping", "optimiser")
SECONDS = 3.3


def run(tmp_path, metering, progress=lambda what, share: None, **keys):
    job = metered_job(
        tmp_path / "ledger.jsonl", stage="command", job="calibration", labels={}, metering=metering
    )
    with job as meter:
        return calibrate(SECONDS, "cpu", 1, 0, meter, progress, kernels=KERNELS, families=("lstm",), **keys)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    from wattshed.config.energy.metering import MeteringBlock

    folder, shares = tmp_path_factory.mktemp("calibration"), []
    threads = torch.get_num_threads()
    profile = run(
        folder,
        MeteringBlock(minimum_window_s=0.05, idle_s=0.0),
        lambda what, share: shares.append(share),
        # However slow the machine is.
        least_rounds=10,
    )
    assert torch.get_num_threads() == threads
    return folder, profile, shares


def test_a_calibration_measures_what_it_was_given(seen):
    _, profile, shares = seen
    assert {row["kernel"] for row in profile.points["kernels"]} == set(KERNELS)
    assert {row["family"] for row in profile.points["steps"]} <= {"lstm"}
    assert (Kind.LINEAR, Direction.FORWARD) in profile.laws
    assert (Kind.QKV, Direction.BACKWARD) in profile.laws
    assert (Kind.OPTIMISER, Direction.UPDATE) in profile.laws
    assert shares == sorted(shares)


def test_its_numbers_are_possible(seen):
    _, profile, _ = seen
    assert all(law.error_share >= 0 and law.points > 0 for law in profile.laws.values())
    assert profile.power_w["default"] > 0
    assert profile.step_factor > 0
    assert profile.overhead_s >= 0
    assert profile.calibration.energy_j > 0
    assert profile.calibration.energy_status in ("measured", "estimated")
    assert "cpu" in profile.calibration.energy_source
    assert all(row["time_s"] > 0 for part in ("kernels", "steps") for row in profile.points[part])


def test_its_profile_is_read_back_and_holds_for_this_device(seen):
    folder, profile, _ = seen
    path = folder / "profile.json"
    write_profile(path, profile)
    found = read_profile(path)
    assert found.laws == dict(profile.laws)
    assert [*found.points["kernels"]] == [*profile.points["kernels"]]
    check_device(found, here("cpu", 1), path)


def test_its_own_energy_is_in_the_ledger(seen):
    folder, profile, _ = seen
    events = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    end_j = sum(part["kwh"] or 0 for part in events[-1]["own"].values()) * 3.6e6
    assert profile.calibration.energy_j <= end_j
    assert sum(event["event"] == "window" for event in events) >= len(profile.points["steps"])


def test_an_interrupted_calibration_keeps_its_energy(tmp_path, metering):
    def stop(what, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, metering, stop)
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.jsonl.part"]


def test_too_few_seconds_for_this_machine_are_refused(tmp_path, metering):
    with pytest.raises(TooFewSeconds, match="too few to measure anything"):
        run(tmp_path, metering, began_s=time.perf_counter() - SECONDS)


@pytest.mark.parametrize("failing", [0, 2, 4])
def test_a_study_repeats_a_calibration_that_found_too_little_with_twice_the_seconds(
    tmp_path, metering, monkeypatch, failing
):
    given = []

    def measure(seconds, *arguments):
        given.append(seconds)
        if len(given) <= failing:
            raise TooFewSeconds(f"{seconds:g} s were too few.")
        return hand_made_profile()

    monkeypatch.setattr(device_job, "calibrate", measure)
    output = tmp_path / "profile.json"
    places = {"output": output, "ledger": tmp_path / "ledger.jsonl"}
    refused = pytest.raises(TooFewSeconds, match="80 s were too few") if failing > 3 else nullcontext()
    with refused:
        device_job.calibrate_for_study(10.0, metering, device="cpu", threads=1, **places)
    assert given == [10.0, 20.0, 40.0, 80.0][: failing + 1]
    assert output.exists() == (failing <= 3)


def test_a_machine_without_any_energy_is_refused_early(tmp_path, metering):
    job = metered_job(
        tmp_path / "ledger.jsonl",
        stage="command",
        job="calibration",
        labels={},
        metering=metering,
        sensors=[],
    )
    with pytest.raises(Fault, match="no energy of the calibration is known"), job as meter:
        calibrate(600.0, "cpu", 1, 0, meter, kernels=(), families=())
