"""Logs of nvidia-smi, cut into runs by marks."""

import gzip

import pandas as pd
import pytest

from made_power_logs import MARKS, NAME, SMI_HEADER, smi_line, smi_log
from wattshed.clocks.cells import cells
from wattshed.clocks.recordings.recording import read, read_recording
from wattshed.clocks.runs import COLUMNS
from wattshed.foundation.faults import Fault


def test_a_log_of_nvidia_smi_is_cut_into_runs_over_its_real_times(given):
    runs = read_recording(given(smi_log()))
    assert tuple(runs.columns) == COLUMNS
    assert runs["energy_j"].tolist() == pytest.approx([200, 400])
    assert runs["time_s"].tolist() == [2, 4]
    assert runs["gpu"].tolist() == [NAME, NAME]
    assert set(runs["energy_by"]) == {"trapezoid"}
    assert runs["setting"].tolist() == [1410, 1110]
    # The clock of the second run was not the one that its marks say.
    assert runs["applied"].tolist() == [1410, 1410]
    assert runs["temperature_c"].tolist() == [41, 41]


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        (lambda text: text, {}),
        (lambda text: "\ufeff" + text, {}),
        (lambda text: text.replace("\n", "\r\n"), {}),
        (lambda text: text.replace(" W", "").replace(" %", "").replace(" MHz", "").replace("[W]", "[W]"), {}),
        (lambda text: text.replace(NAME, f'"{NAME}"'), {}),
        (lambda text: text + smi_line(10.5)[:40], {}),
        (lambda text: text + "\n\n", {}),
        (lambda text: text.replace("\n2026/03/01 12:00:04", f"\n{SMI_HEADER}2026/03/01 12:00:04", 1), {}),
        (lambda text: text.replace("2026/03/01 12:00", "2026-03-01T12:00"), {}),
        (
            lambda text: text.replace("power.draw", "watts"),
            {"columns": {"power_w": "watts"}, "reader": "nvidia_smi"},
        ),
        (
            lambda text: (
                text.replace(", ", ";").replace(".00 W", ",00 W").replace(NAME.replace(", ", ";"), NAME)
            ),
            {},
        ),
        (lambda text: text.replace("100.00 W", "100000.00 mW"), {}),
        (
            lambda text: text[len(SMI_HEADER) :],
            {
                "header": [
                    "timestamp",
                    "index",
                    "name",
                    "power.draw",
                    "temperature.gpu",
                    "utilization.gpu",
                    "clocks.sm",
                ]
            },
        ),
    ],
)
def test_the_ways_in_which_a_log_is_kept_do_not_matter(given, change, keys):
    assert read_recording(given(change(smi_log()), **keys)).equals(read_recording(given(smi_log())))


def test_encodings_and_compression_do_not_matter(given):
    log = smi_log(name="Karte für Läufe")
    plain = read_recording(given(log))
    assert plain["gpu"][0] == "Karte für Läufe"
    for content in (log.encode("latin-1"), log.encode("utf-16"), gzip.compress(log.encode())):
        assert read_recording(given(content)).equals(plain)


def test_the_usual_query_without_a_header_is_known(given):
    tail = "400, 41, 98, 30, 40960, 1, 40959, 1410, 1215, 1410, 1410, 1215, P0\n"
    lines = [
        smi_line(s, name="NVIDIA A100, 40GB").split(", 41")[0].replace(" W", "") + f", {tail}"
        for s in range(11)
    ]
    runs = read_recording(given("".join(lines)))
    assert runs["energy_j"].tolist() == pytest.approx([200, 400])
    assert runs["applied"].tolist() == [1410, 1410]
    with pytest.raises(Fault, match=r"has no header, and its 8 columns.*by the key header"):
        read_recording(given("".join(smi_line(s) for s in range(11))))


def test_missing_readings_are_interpolated_and_what_holds_none_is_refused(given):
    lines = smi_log().splitlines(keepends=True)
    lines[5] = lines[5].replace("100.00 W", "[N/A]").replace("98 %", "[Not Supported]")
    assert read_recording(given("".join(lines)))["energy_j"].tolist() == pytest.approx([200, 400])
    with pytest.raises(Fault, match="neither a power nor an energy"):
        read_recording(given(smi_log(watts="[N/A]")))


def test_every_gpu_of_a_log_is_a_cell(given):
    lines = "".join(
        smi_line(second, watts=f"{100 + 50 * gpu}.00 W", index=gpu) for second in range(11) for gpu in (0, 1)
    )
    block = given(SMI_HEADER + lines)
    found = {cell.gpu: rows["energy_j"].tolist() for cell, rows in cells(read_recording(block))}
    assert found == {f"{NAME} (0)": [200, 400], f"{NAME} (1)": [300, 600]}
    one = read_recording(block.model_copy(update={"gpu_index": 1}))
    assert (one["gpu"].unique().tolist(), one["energy_j"].tolist()) == ([NAME], [300, 600])
    marks = "run_id,frequency_mhz,start,end,gpu\n1_01,1410,1,3,0\n1_02,1410,1,3,1\n"
    by_mark = read_recording(given(SMI_HEADER + lines, marks))
    assert by_mark["energy_j"].tolist() == [200, 300]
    with pytest.raises(Fault, match="the run '1_01' is of the GPU '7'"):
        read_recording(given(SMI_HEADER + lines, marks.replace("3,0", "3,7")))


def test_gpus_without_a_name_get_that_of_the_block(given):
    lines = "".join(
        f"2026/03/01 12:00:{s:02d}.000, GPU-{gpu}, {50 + gpu} W\n" for s in range(11) for gpu in (0, 1)
    )
    log = "timestamp, uuid, power.draw [W]\n" + lines
    both = read_recording(given(log, gpu="A100"))
    assert [(cell.gpu, cell.gpu_uuid) for cell, _ in cells(both)] == [("A100", "GPU-0"), ("A100", "GPU-1")]
    with pytest.raises(Fault, match="does not name its gpu"):
        read_recording(given(log))
    without = read_recording(given(log.replace("uuid", "index").replace("GPU-", "")))
    assert [cell.gpu for cell, _ in cells(without)] == ["GPU 0", "GPU 1"]


def test_throttled_runs_are_marked(given):
    header = SMI_HEADER.rstrip() + ", clocks_throttle_reasons.active\n"
    lines = [smi_line(s / 2).rstrip() + (", 0x4\n" if 4 < s / 2 < 9 else ", 0x1\n") for s in range(21)]
    assert read_recording(given(header + "".join(lines)))["throttled"].tolist() == [False, True]
    words = "".join(lines).replace("0x4", "Active").replace("0x1", "Not Active")
    runs = read_recording(given(header.replace(".active", ".sw_power_cap") + words))
    assert runs["throttled"].tolist() == [False, True]


@pytest.mark.parametrize(
    ("marks", "log", "sentence"),
    [
        (
            "run_id,frequency_mhz,start,end\n1_01,1410,1,30\n",
            smi_log(),
            "'1_01' is marked from 1.0 to 30.0 s",
        ),
        ("run_id,frequency_mhz,start,end\n1_01,1410,-9,3\n", smi_log(), "runs within the log"),
        (
            "run_id,frequency_mhz,start,end\n1_01,1410,1,4\n1_02,1410,3,6\n",
            smi_log(),
            "'1_01' and '1_02' overlap",
        ),
        (
            "run_id,frequency_mhz,start,end\n1_01,1410,4,1\n",
            smi_log(),
            "line 2: the run '1_01' does not end after",
        ),
        ("run_id,frequency_mhz,start,end\n1_01,1410,1,2\n1_01,1410,4,5\n", smi_log(), "lines 2 and 3 mark"),
        ("run_id,frequency_mhz,start,end\n1_01,,1,2\n", smi_log(), "line 2: the run '1_01' has no setting"),
        ("run_id,frequency_mhz,start,end\n1_01,1.41,1,2\n", smi_log(), "looks like GHz"),
        ("run_id,frequency_mhz,duration_seconds\n1_01,1410,2\n", smi_log(), "has durations but no starts"),
        ("run_id,start,end\n1_01,1,2\n", smi_log(), "expected a column frequency_mhz or power_limit_w"),
        (
            "run_id,frequency_mhz,start,end,status\n1_01,1410,1,2,failed\n",
            smi_log(),
            "none of its 1 runs succeeded",
        ),
        ("run_id,frequency_mhz,start,end\n1_01,1410,noon,2\n", smi_log(), "'noon' cannot be read"),
        ("", smi_log(), r"marks\.csv is empty"),
        (None, smi_log(), "is a power log: expected a file that says when"),
        (MARKS, smi_log(watts="-3.00 W"), "sample 1 is -3 W"),
        (MARKS, smi_log(watts="250000.00"), "power_w is typically 250000, which looks like mW"),
        (MARKS, smi_log(watts="much"), r"line 2: power\.draw .* is 'much'"),
        (MARKS, smi_log(busy="980 %"), "gpu_busy_share is typically 9.8"),
        (MARKS, smi_log(clock="1410000"), "sm_clock_mhz is typically 1.41e[+]06, which looks like kHz"),
        (MARKS, SMI_HEADER, "has no rows below its header"),
        (MARKS, smi_log().replace("index", "name", 1), "the column 'name' occurs twice"),
        (MARKS, smi_log().replace(", 41,", ",", 3), "line 2 has 6 cells: expected 7"),
        (MARKS, smi_log().replace("2026/03/01 12:00:04", "yesterday"), "'yesterday.000' cannot be read"),
        (MARKS, smi_log().replace("12:00:04", "11:59:04"), "the time goes back by 59.5 s at row 9"),
        (
            MARKS,
            smi_log() + "2026-03-01T12:00:30+01:00, 0, A, 9 W, 41, 1 %, 9 MHz\n",
            "all with or all without offset",
        ),
        (MARKS, b"\0\1\2PNG", "is not text"),
        (MARKS, "hello\n", "fits none of the readers"),
        (MARKS, SMI_HEADER + smi_line(0) + smi_line(10), "no run has samples in at least 80 %"),
    ],
)
def test_bad_logs_and_marks_give_one_sentence(given, marks, log, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        read_recording(given(log, marks))
    assert "\n" not in str(caught.value)


def test_marks_in_any_order_and_by_time_of_day_are_the_same_runs(given):
    plain = read_recording(given(smi_log()))
    turned = "run_id,frequency_mhz,start,end\n2_01,1110,5,9\n1_01,1410,1,3\n"
    assert read_recording(given(smi_log(), turned)).equals(plain)
    stamped = MARKS.replace(",1,3", ",2026-03-01 12:00:01,2026-03-01 12:00:03").replace(
        ",5,9", ",2026-03-01 12:00:05,2026-03-01 12:00:09"
    )
    assert read_recording(given(smi_log(), stamped)).equals(plain)
    began = pd.Timestamp("2026-03-01 12:00:00").timestamp()
    epochs = MARKS.replace(",1,3", f",{began + 1},{began + 3}").replace(",5,9", f",{began + 5},{began + 9}")
    assert read_recording(given(smi_log(), epochs)).equals(plain)


def test_failed_runs_are_left_out_and_counted(given):
    marks = (
        "run_id,frequency_mhz,start,end,exit_code,status\n1_01,1410,1,3,0,success\n2_01,1110,5,9,137,failed\n"
    )
    recording = read(given(smi_log(), marks))
    assert recording.runs["setting"].tolist() == [1410]
    assert any("1 of 2 runs failed and are left out" in note for note in recording.notes)


def test_runs_shorter_than_the_average_of_power_are_named(given):
    marks = "run_id,frequency_mhz,start,end\n1_01,1410,1,1.5\n2_01,1110,5,9\n"
    assert any("1 runs are shorter than 1 s" in note for note in read(given(smi_log(), marks)).notes)
    instant = smi_log().replace("power.draw", "power.draw.instant")
    assert read(given(instant, marks)).notes == []


def test_the_hour_that_occurs_twice_is_told_apart_by_its_jump(given):
    first = [f"2026/10/25 02:59:{second:02d}.000" for second in range(50, 60)]
    then = [f"2026/10/25 02:00:{second:02d}.000" for second in range(10)]
    log = "timestamp, name, power.draw [W]\n" + "".join(
        f"{stamp}, A100, 100.00 W\n" for stamp in first + then
    )
    marks = "run_id,frequency_mhz,start,end\n1_01,1410,2026-10-25 02:59:55,2026-10-25 02:00:05\n"
    runs = read_recording(given(log, marks, time_zone="Europe/Berlin"))
    assert (runs["time_s"][0], runs["energy_j"][0]) == (pytest.approx(10), pytest.approx(1000))
    with pytest.raises(Fault, match=r"goes back by 3599 s.*set time_zone"):
        read_recording(given(log, marks))
    spring = log.replace("2026/10/25", "2026/03/29")
    with pytest.raises(Fault, match=r"does not exist in Europe/Berlin.*correct time_zone"):
        read_recording(given(spring, marks, time_zone="Europe/Berlin"))
