"""Logs of dcgmi dmon, which have no time stamps, and folders of logs."""

import numpy as np
import pytest

from made_power_logs import dcgm_log, smi_log
from wattshed.clocks.recordings.recording import read, read_recording, read_samples
from wattshed.clocks.recordings.samples import COLUMNS as SAMPLES
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault


def test_a_log_of_dcgm_needs_its_period_and_says_so(given):
    block = given(dcgm_log())
    with pytest.raises(Fault, match=r"has no time stamps: state the time.*period_s"):
        read_recording(block)
    runs = read_recording(given(dcgm_log(), period_s=0.05 * 10))
    assert runs["energy_by"].tolist() == ["stated", "stated"]
    # 5,000 mJ per half second are the counter's 10 W; the power says 100 W, and the counter counts.
    assert runs["energy_j"].tolist() == pytest.approx([20, 40])
    assert runs["gpu"].unique().tolist() == ["NVIDIA A100-SXM4-40GB"]
    by_power = read_recording(given(dcgm_log(counter=lambda row: "N/A"), period_s=0.5))
    assert by_power["energy_j"].tolist() == pytest.approx([200, 400])


def test_samples_of_dcgm_have_our_units(given):
    samples = read_samples(given(dcgm_log(gpus=2), None).path, given(dcgm_log(gpus=2), None))
    assert tuple(samples.columns) == SAMPLES
    assert len(samples) == 42
    assert samples["gpu_index"].tolist()[:4] == [0, 1, 0, 1]
    assert samples["time_s"].isna().all()
    assert samples.loc[2, ["energy_counter_j", "gpu_busy_share", "sm_active_share"]].tolist() == [
        5.0,
        0.98,
        0.91,
    ]


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (dcgm_log(power=lambda row: "broken" if row == 7 else "100"), "POWER of sample 8 is 'broken'"),
        (dcgm_log(tail="GPU 0 0\nGPU 0 0\n"), "expected"),
        (dcgm_log(power=lambda row: "100 17" if row == 9 else "100"), "sample 10 does not have 11 words"),
        (dcgm_log().replace("SMACT", "POWER"), "'POWER' occurs twice"),
        (dcgm_log(tail="#Entity NVIDX POWER\n"), "its header changes"),
        (dcgm_log(rows=0) + "#Entity   NVIDX  POWER\n", "has no rows below"),
        (dcgm_log(counter=lambda row: f"{row * 5e7:.0f}"), "energies are 1e[+]03 times power x time.*mJ"),
    ],
)
def test_bad_logs_of_dcgm_give_one_sentence(given, log, sentence):
    with pytest.raises(Fault, match=sentence):
        read_recording(given(log, period_s=0.5))


def test_a_counter_that_was_reset_gives_way_to_power(given):
    log = dcgm_log(power=lambda row: "10", counter=lambda row: f"{(row if row < 12 else row - 12) * 5000}")
    recording = read(given(log, period_s=0.5))
    assert recording.runs["energy_j"].tolist() == pytest.approx([20, 40])
    assert any("reset within 1 runs" in note for note in recording.notes)
    without = log.replace("  10  ", "  N/A  ")
    with pytest.raises(Fault, match="counter falls within the run '2_01'"):
        read_recording(given(without, period_s=0.5))


@pytest.fixture
def folder(tmp_path):
    """Three runs, the last of which failed, as a widespread set of profiling scripts leaves them."""
    path = tmp_path / "results_A100_llama_job_17"
    path.mkdir()
    for run_id, clock in (("1_01", 1410), ("1_02", 1410), ("2_01", 1110)):
        (path / f"run_{run_id}_freq_{clock}_profile.csv").write_text(dcgm_log(power=lambda row: "10"))
    (path / "timing_summary.log").write_text(
        "run_id,frequency_mhz,duration_seconds,exit_code,status\n1_01,1410,11,0,success\n1_02,1410,10,0,success\n"
        "2_01,1110,10,1,failed\n"
    )
    return path


def test_a_folder_of_logs_is_read_with_its_list(folder):
    recording = read(RecordingBlock(path=str(folder)))
    runs = recording.runs
    assert (runs["gpu"][0], runs["workload"][0]) == ("NVIDIA A100-SXM4-40GB", "llama")
    assert runs["repeat"].tolist() == [1, 2]
    assert runs["time_s"].tolist() == [11, 10]
    assert runs["energy_j"].tolist() == [100, 100]
    assert set(runs["energy_by"]) == {"counter"}
    assert any("1 of 3 runs failed" in note for note in recording.notes)


def test_a_folder_without_counters_takes_mean_power_times_duration(folder):
    for file in folder.glob("run_*"):
        file.write_text(dcgm_log(power=lambda row: f"{row + 1}", counter=lambda row: "N/A"))
    runs = read_recording(RecordingBlock(path=str(folder)))
    assert runs["energy_j"].tolist() == [121, 110]
    assert set(runs["energy_by"]) == {"mean_power"}
    (folder / "timing_summary.log").unlink()
    with pytest.raises(Fault, match="no list gives the run's duration"):
        read_recording(RecordingBlock(path=str(folder)))
    stated = read_recording(RecordingBlock(path=str(folder), period_s=0.5))
    assert (stated["energy_j"].tolist(), set(stated["energy_by"])) == ([110, 110, 110], {"stated"})


def test_folders_that_do_not_fit_together_are_refused(folder, tmp_path):
    summary = folder / "timing_summary.log"
    summary.write_text(summary.read_text().replace("1_02,1410", "1_02,1395"))
    with pytest.raises(Fault, match=r"is named 1410 MHz, but .* says 1395 MHz"):
        read_recording(RecordingBlock(path=str(folder)))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Fault, match="is a folder without logs"):
        read_recording(RecordingBlock(path=str(empty)))
    with pytest.raises(Fault, match="is a folder: expected a file"):
        read_recording(
            RecordingBlock(
                path=str(folder / "run_1_01_freq_1410_profile.csv"),
                reader="dcgm",
                marks=str(empty),
                period_s=0.5,
            )
        )


def test_a_hole_in_a_window_leaves_the_run_out(given):
    lines = smi_log().splitlines(keepends=True)
    recording = read(given("".join(lines[:12] + lines[17:])))
    assert recording.runs["setting"].tolist() == [1410]
    assert any("1 runs lack samples" in note for note in recording.notes)
    assert np.isfinite(recording.runs["energy_j"]).all()
