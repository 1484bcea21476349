"""Recordings whose numbers may mean two things: read rightly, or refused in one sentence."""

import numpy as np
import pytest

from clock_choices import made_sweep
from wattshed.clocks.recordings.recording import read
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault

DAY = "2026-03-01 12:"
MARKS = f"run_id,frequency_mhz,start,end\n1_01,1410,{DAY}00:10,{DAY}00:20\n2_01,1005,{DAY}00:30,{DAY}00:40\n"
RELATIVE = "run_id,frequency_mhz,start,end\n1_01,1410,10,20\n2_01,1005,30,40\n"
NOON_S = 1_772_366_400


def watts(second):
    """100 W in the first run and 200 W in the second: 1,000 and 2,000 J."""
    return 100 if 8 <= second <= 22 else 200 if 28 <= second <= 42 else 40


def stamp(second):
    return f"2026/03/01 12:{second // 60:02}:{second % 60:02}.000"


def smi(names, cells, seconds=60, gpus=1):
    """A log with a row per second and GPU; cells(second, gpu): what follows the stamp."""
    rows = [f"{stamp(second)}, {cells(second, gpu)}\n" for second in range(seconds) for gpu in range(gpus)]
    return f"timestamp, {names}\n" + "".join(rows)


def plain(second, _):
    return f"A100, {watts(second)} W"


@pytest.fixture
def recorded(tmp_path):
    def write(text, marks=MARKS, **keys):
        (tmp_path / "log.csv").write_text(text)
        if marks is not None:
            (tmp_path / "marks.csv").write_text(marks)
            keys = {"workload": "llama", "marks": str(tmp_path / "marks.csv"), **keys}
        return read(RecordingBlock(path=str(tmp_path / "log.csv"), **keys))

    return write


@pytest.mark.parametrize(
    "log",
    [
        smi("name, power.draw.instant [W], power.draw [W]", lambda at, _: f"A, [N/A], {watts(at)} W"),
        smi("name, power.draw.average [W], power.draw.instant [W]", lambda at, _: f"A, 7 W, {watts(at)} W"),
        smi("name, power.draw", lambda at, _: "A, " + (f"{watts(at)} W" if at > 3 else "[Unknown Error] W")),
    ],
    ids=["instant unreadable", "instant and average", "unit after what is missing"],
)
def test_the_power_that_was_read_counts(recorded, log):
    assert recorded(log).runs["energy_j"].tolist() == pytest.approx([1000, 2000])


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_times_since_1970_are_known_by_their_size(recorded, unit, factor):
    ends = "".join(
        f"{run},{clock},{(NOON_S + at) * factor},{(NOON_S + at + 10) * factor}\n"
        for run, clock, at in (("1_01", 1410, 10), ("2_01", 1005, 30))
    )
    marks = "run_id,frequency_mhz,start,end\n" + ends
    assert recorded(smi("name, power.draw", plain), marks).runs["energy_j"].tolist() == pytest.approx(
        [1000, 2000]
    )
    log = "timestamp,power.draw\n" + "".join(f"{(NOON_S + at) * factor},{watts(at)}\n" for at in range(60))
    runs = recorded(log, gpu="A100", reader="nvidia_smi").runs
    assert (runs["time_s"].tolist(), runs["energy_j"].tolist()) == ([10, 10], pytest.approx([1000, 2000]))


@pytest.mark.parametrize("column", ["uuid", "pci.bus_id", "serial", "index"])
def test_gpus_are_told_apart_by_any_identity(recorded, column):
    log = smi(
        f"{column}, name, power.draw", lambda at, gpu: f"{gpu}, A100, {watts(at) if gpu else 300} W", gpus=2
    )
    assert recorded(log).runs["energy_j"].tolist() == pytest.approx([3000, 1000, 3000, 2000])


@pytest.mark.parametrize("gpus", [2, 4, 8])
def test_gpus_that_nothing_tells_apart_are_refused(recorded, gpus):
    with pytest.raises(Fault, match=r"as those of several GPUs do.*expected index or uuid"):
        recorded(smi("name, power.draw", plain, gpus=gpus))


def test_a_gpu_that_cannot_be_read_is_left_out(recorded):
    log = smi(
        "index, name, power.draw", lambda at, gpu: f"{gpu}, A, {f'{watts(at)} W' if gpu else '[N/A]'}", gpus=2
    )
    found = recorded(log)
    assert found.runs["energy_j"].tolist() == pytest.approx([1000, 2000])
    assert any("1 of its GPUs report neither" in note for note in found.notes)


@pytest.mark.parametrize(
    "reason",
    ["hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown", "sw_power_cap"],
)
@pytest.mark.parametrize("word", ["event", "throttle"])
def test_every_reason_for_a_low_clock_counts(recorded, word, reason):
    log = smi(
        f"name, power.draw, clocks_{word}_reasons.sw_power_cap, clocks_{word}_reasons.{reason}"
        if reason != "sw_power_cap"
        else f"name, power.draw, power.limit, clocks_{word}_reasons.{reason}",
        lambda at, _: (
            f"A, {watts(at)} W, {'300 W' if reason == 'sw_power_cap' else 'Not Active'}, "
            f"{'Active' if at < 25 else 'Not Active'}"
        ),
    )
    assert recorded(log).runs["throttled"].tolist() == [True, False]


@pytest.mark.parametrize(
    "cells", [lambda at, _: f"A100, {watts(at)},5 W, 9", lambda at, _: f"A100, {watts(at)},5, 9"]
)
def test_decimal_commas_are_no_part_of_a_name(recorded, cells):
    with pytest.raises(Fault, match="line 2 has 5 cells: expected 4"):
        recorded(smi("name, power.draw, temperature.gpu", cells))


def dcgm(counter, power=watts):
    rows = [f"GPU 0   A100  {power(at)}  {counter(at)}\n" for at in range(60)]
    return "#Entity  DVNAM  POWER  TOTEC\nID              W      mJ\n" + "".join(rows)


def risen_mj(second):
    return 1000 * sum(map(watts, range(second)))


@pytest.mark.parametrize("counter", [lambda at: 0, lambda at: 123_456, lambda at: "N/A"])
def test_a_counter_that_stands_still_measures_nothing(recorded, counter):
    found = recorded(dcgm(counter), RELATIVE, period_s=1)
    assert found.runs["energy_j"].tolist() == pytest.approx([1000, 2000])
    if counter(0) != "N/A":
        assert any("stands still" in note for note in found.notes)
        with pytest.raises(Fault, match="stands still, and the log has no power"):
            recorded(dcgm(counter, lambda at: "N/A"), RELATIVE, period_s=1)


def test_a_counter_in_another_unit_and_a_wrong_period_are_named(recorded):
    with pytest.raises(Fault, match="energy_counter_j: J"):
        recorded(dcgm(lambda at: risen_mj(at) / 1000), RELATIVE, period_s=1)
    in_joules = recorded(
        dcgm(lambda at: risen_mj(at) / 1000), RELATIVE, period_s=1, units={"energy_counter_j": "J"}
    )
    assert in_joules.runs["energy_j"].tolist() == pytest.approx([1000, 2000])
    marks = RELATIVE.replace("10,20", "5,10").replace("30,40", "15,20")
    assert any("check period_s" in note for note in recorded(dcgm(risen_mj), marks, period_s=0.4).notes)


def test_local_times_beside_times_with_an_offset_need_their_zone(recorded):
    marks = f"run_id,frequency_mhz,start,end\n1_01,1410,{DAY}00:10Z,{DAY}00:20Z\n"
    long = smi("name, power.draw", lambda at, _: f"A, {watts(at % 3600)} W", seconds=3600)
    with pytest.raises(Fault, match="has local times: expected their time zone"):
        recorded(long, marks)
    assert recorded(long, marks, time_zone="UTC").runs["energy_j"].tolist() == pytest.approx([1000])
    # A short log fits in one zone only.
    assert recorded(smi("name, power.draw", plain), marks).runs["energy_j"].tolist() == pytest.approx([1000])
    short_offset = marks.replace("Z", "+00")
    assert recorded(smi("name, power.draw", plain), short_offset).runs["time_s"].tolist() == [10]


HEADER = "gpu,workload,freq_mhz,"


@pytest.mark.parametrize(
    ("names", "rows", "columns"),
    [
        ("duration_ms,power_w", ["10000,100", "11000,90"], {"time_s": "duration_ms"}),
        ("time_s,power_mw", ["10,100000", "11,90000"], {"power_w": "power_mw"}),
        ("time (ms),power [mW]", ["10000,100000", "11000,90000"], {}),
        ("time_s,energy_kJ", ["10,1", "11,.99"], {"energy_j": "energy_kJ"}),
        ("time_s,energy_wh", ["36,1", "39.6,.99"], {"energy_j": "energy_wh"}),
    ],
)
def test_a_unit_in_a_name_counts(recorded, names, rows, columns):
    text = HEADER + names + "\n" + "".join(f"a,b,{1410 - 200 * at},{row}\n" for at, row in enumerate(rows))
    runs = recorded(text, None, columns=columns, reader="table").runs
    assert runs["power_w"].tolist() == pytest.approx([100, 90])


@pytest.mark.parametrize(
    ("names", "row", "said"),
    [
        ("time_s,power_w", '1410,"1,250",100', r"which may be 1250 or 1\.250"),
        ("time_s,energy_j", "1410,10,1e-3", "energy over time of a run is typically .*kJ"),
        ("time_s,energy_j", "1410,10,1e8", "energy over time of a run is typically"),
        ("time_s,energy_j", "1410,9,999\na,b,1410,9,999\na,b,1e30,9,999", "line 4: the setting is 1e.30 MHz"),
        ("time_s,power_w", "1410,10000 ms,100\na,b,1410,10,100", "line 3: time_s is '10'"),
    ],
)
def test_numbers_that_may_be_something_else_are_refused(recorded, names, row, said):
    with pytest.raises(Fault, match=said), np.errstate(all="raise"):
        recorded(f"{HEADER}{names}\na,b,{row}\n", None)


def test_a_sweep_in_parquet_is_read_and_its_rows_are_named(tmp_path):
    frame = made_sweep(gpu="a100", gpu_uuid="GPU-1", workload="llama")
    path = tmp_path / "sweep.parquet"
    frame.to_parquet(path)
    runs = read(RecordingBlock(path=str(path))).runs
    assert runs["energy_j"].tolist() == pytest.approx(frame["energy_j"].tolist())
    assert runs["setting"].tolist() == frame["setting"].tolist()
    frame.loc[frame.index[4], "time_s"] = -1.0
    frame.to_parquet(path)
    with pytest.raises(Fault, match="line 5: time_s is -1"):
        read(RecordingBlock(path=str(path)))


def test_a_line_is_counted_as_editors_do(recorded):
    with pytest.raises(Fault, match="line 6: time_s is empty or was not read"):
        recorded(f"\n{HEADER}time_s,power_w\na,b,1410,10,100\n\n\na,b,1200,-,90\n", None)
