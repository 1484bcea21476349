"""Tables of runs, the choice of a reader, and the keys of a recording."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wattshed.clocks.cells import Cell, cells
from wattshed.clocks.recordings import samples
from wattshed.clocks.recordings.power_curve import PowerCurve, counted_j
from wattshed.clocks.recordings.reader import Reader
from wattshed.clocks.recordings.recording import read, read_recording, read_samples
from wattshed.clocks.recordings.table_names import ALIASES
from wattshed.clocks.runs import COLUMNS, POWER_LIMIT
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.recording_columns import RUNS, SAMPLES
from wattshed.foundation import plugins
from wattshed.foundation.extending.own_files import OWN_PLUGINS
from wattshed.foundation.faults import Fault
from wattshed.foundation.frames import read_frame

TABLE = "gpu,workload,run,rep,freq_mhz,time_s,power_w\n"
ROWS = "a100,llama,1,1,1410,10,300\na100,llama,2,1,1110,11,200\n"
HEADS = {
    "table": TABLE + ROWS,
    "nvidia_smi": "timestamp, power.draw [W]\n2026/03/01 12:00:00.000, 99.00 W\n",
    "dcgm": "#Entity   POWER\nID        W\nGPU 0     99.0\n",
    "zeus_limits": "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n"
    "a,b,1,sgd,100,9,95\n",
    "zeus_profile": "start_time,window_name,elapsed_time,gpu0_energy\n1,__GlobalPowerLimitOptimizer_300,5,1000\n",
}
for other in set(plugins.names("recording")) - set(HEADS):
    HEADS[other] = plugins.load("recording", other).example
every_reader = pytest.mark.parametrize("name", plugins.names("recording"))


@pytest.fixture
def write(tmp_path):
    def make(text, name="runs.csv", **keys):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return RecordingBlock(path=str(path), **keys)

    return make


@every_reader
def test_a_reader_takes_its_own_layout_and_no_other(name):
    reader: Reader = plugins.load("recording", name)
    assert reader.gives in ("runs", "samples")
    assert [layout for layout, head in HEADS.items() if reader.fits(head)] == [name]
    assert not any(reader.fits(head) for head in ("", "\n\n", "hello", "a,b\n1,2\n", "\ufffd\x00"))


@every_reader
def test_a_reader_gives_what_it_says(name, write):
    block = write(HEADS[name], "power_limit_v100.csv")
    reader: Reader = plugins.load("recording", name)
    found = reader.read(Path(block.path), block, lambda sentence: None)
    if reader.gives == "samples":
        assert tuple(found.columns) == samples.COLUMNS
        assert found["power_w"].tolist() == [99]
    else:
        assert {"knob", "setting", "time_s", "energy_j", "energy_by"} <= set(found.columns)
        assert (found["energy_j"] > 0).all()


def test_readers_are_light_to_import():
    code = (
        "import sys; from wattshed.foundation import plugins; "
        "[plugins.load('recording', name) for name in plugins.names('recording')]; "
        "assert not {'torch', 'pandas', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_names_in_the_configuration_are_those_of_the_frames():
    assert set(SAMPLES) == set(samples.COLUMNS)
    assert set(RUNS) == set(ALIASES)


def test_a_table_is_read_with_all_its_cells(write):
    more = "v100,vit,3,1,1380,5,150\nv100,vit,4,1,1110,6,100\n"
    runs = read_recording(write(TABLE + ROWS + more))
    assert tuple(runs.columns) == COLUMNS
    found = {cell: rows["energy_j"].tolist() for cell, rows in cells(runs)}
    assert found == {
        Cell("a100", None, "llama", "clock"): [3000, 2200],
        Cell("v100", None, "vit", "clock"): [750, 600],
    }
    assert read_recording(write(TABLE + ROWS + more, workload="vit"))["gpu"].unique().tolist() == ["v100"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("\ufeff" + TABLE + ROWS, {}),
        ((TABLE + ROWS).replace("\n", "\r\n"), {}),
        ((TABLE + ROWS).replace(",", ";"), {}),
        ((TABLE + ROWS).replace(",", "\t"), {}),
        ((TABLE + ROWS).replace(",", ";").replace(";10;", ";10,0;"), {}),
        (
            TABLE.replace("time_s", "t").replace("power_w", "p") + ROWS,
            {"columns": {"time_s": "t", "power_w": "p"}},
        ),
        (TABLE + ROWS.replace(",300", ",300000").replace(",200", ",200000"), {"units": {"power_w": "mW"}}),
        (TABLE + ROWS.replace("1410", "1.410").replace("1110", "1.110"), {"units": {"clock_mhz": "GHz"}}),
        (TABLE + ROWS.replace(",10,", ",10000,").replace(",11,", ",11000,"), {"units": {"time_s": "ms"}}),
        (TABLE.replace("time_s", "time_s [s]") + ROWS.replace("300", "300 W").replace("200", "200 W"), {}),
        (TABLE.replace("\n", ",colour\n") + ROWS.replace("\n", ",red\n"), {}),
        (
            (TABLE + ROWS).replace("a100,llama,", "").replace("gpu,workload,", ""),
            {"gpu": "a100", "workload": "llama"},
        ),
        (ROWS, {"header": TABLE.strip().split(",")}),
        (TABLE + "\n" + ROWS + "\n\n", {}),
        ((TABLE + ROWS).encode("utf-16"), {}),
    ],
)
def test_the_ways_in_which_a_table_is_kept_do_not_matter(write, text, keys):
    plain = read_recording(write(TABLE + ROWS))
    kept = read_recording(write(text, reader="table", **keys))
    pd.testing.assert_frame_equal(kept, plain)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(TABLE.strip().split(",")))
def test_the_order_of_columns_never_matters(write, order):
    table = pd.DataFrame([row.split(",") for row in ROWS.split()], columns=TABLE.strip().split(","))
    shuffled = read_recording(write(table[order].to_csv(index=False)))
    pd.testing.assert_frame_equal(shuffled, read_recording(write(TABLE + ROWS)))


@pytest.mark.parametrize(
    ("text", "keys", "sentence"),
    [
        (TABLE + ROWS + "a100,llama,1,1,1410,10,300\n", {}, "lines 2 and 4 are both repeat 1 of llama on a100 at 1410"),
        (TABLE.replace("run,", "") + "a,b,1,1410,9,9\na,b,1,1410,8,9\n", {}, "lines 2 and 3 are both repeat 1"),
        (TABLE + ROWS + "a100,llama,3,1,14", {}, "line 4 has 5 cells: expected 7"),
        (TABLE + "a100,llama,1,1,1410,10,-3\n", {}, "line 2: power_w is -3; expected a positive number"),
        (TABLE + "a100,llama,1,1,1410,nan,3\n", {}, "line 2: time_s is empty or was not read"),
        (TABLE + "a100,llama,1,1.5,1410,10,3\n", {}, "line 2: rep is 1.5; expected a whole number"),
        (TABLE + "a100,llama,1,1,1410.5,10,3\n", {}, "1410.5 is not a whole number of MHz"),
        (TABLE + "a100,,1,1,1410,10,3\n", {}, "line 2: workload is empty"),
        (TABLE + ROWS.replace("1410", "1410000000").replace("1110", "1110000000"), {},
         "looks like Hz: .*clock_mhz: Hz"),
        (TABLE + ROWS.replace("1410", "1410000").replace("1110", "1110000"), {}, "looks like kHz"),
        (TABLE + ROWS.replace("300", "300000").replace("200", "200000"), {}, "looks like mW: .*units: {power_w: mW}"),
        (TABLE + ROWS.replace("300", "0.3").replace("200", "0.2"), {}, "looks like kW"),
        (TABLE + ROWS.replace(",10,", ",100000,").replace(",11,", ",110000,"), {},
         "time_s is typically .* looks like ms"),
        (
            TABLE.replace("\n", ",energy_j\n") + "a100,llama,1,1,1410,10000,300,3000\n",
            {},
            "energies are 0.001 times power x time.*time_s: ms",
        ),
        (TABLE + ROWS, {"columns": {"time_s": "tme_s"}}, "no column 'tme_s' for time_s: did you mean 'time_s'"),
        (TABLE + ROWS, {"marks": "marks.csv"}, "is a table of runs, which needs no marks"),
        (TABLE + ROWS.replace("300", "300 W").replace("200", "0.2 kW"), {}, "line 3: power_w is '0.2 kW'"),
        (TABLE + ROWS.replace("300", "300 mW"), {"units": {"power_w": "W"}}, "in mW by the file, but in W by the key"),
        (TABLE + ROWS.replace("300", "1.300,5"), {}, "line 2 has 8 cells"),
        (TABLE.replace("rep", "run") + ROWS, {}, "the column 'run' occurs twice"),
        (TABLE.replace("gpu,", "card,") + ROWS, {}, "does not name its gpu: say it by the key gpu"),
        (TABLE.replace("freq_mhz", "freq_mhz,power_limit") + ROWS.replace("10,1", "10,300,1"),
         {}, "clocks and power limits: say by the key knob"),
        (HEADS["zeus_limits"].replace("optimizer", "window_name").replace("network", "elapsed_time"), {},
         "fits the readers zeus_limits and zeus_profile: name one of them"),
        (TABLE + ROWS, {"knob": "power_limit"}, "has no column power_limit_w"),
        (TABLE + ROWS, {"workload": "vit"}, "no run of 'vit': it has workload llama"),
        ("", {}, "is empty"),
        ("\n \n", {}, "is empty"),
        (TABLE, {}, "has no rows below its header"),
        (TABLE + ROWS, {"reader": "dcgm"}, "has no column power_w"),
    ],
)  # fmt: skip
def test_bad_tables_give_one_sentence(write, text, keys, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        read_recording(write(text, **keys))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"reader": "nvidia_sim"}, "did you mean 'nvidia_smi'"),
        ({"reader": "table", "marks": "m.csv"}, "marks belongs to a power log"),
        ({"reader": "zeus_limits", "period_s": 0.05}, "period_s belongs to a power log"),
        ({"columns": {"powr_w": "p"}}, "did you mean 'power_w'"),
        ({"columns": {"power_w": "p", "time_s": "p"}}, "'p' is given two names"),
        ({"header": ["a", "a"]}, "'a' is listed twice"),
        ({"units": {"power_w": "MW"}}, "'MW' is not a unit of power_w; expected one of W, mW, kW"),
        ({"units": {"gpu": "W"}}, "'gpu' is not a column with a unit"),
        ({"time_zone": "Berlin"}, "'Berlin' is not a time zone"),
        ({"period_s": 0}, "greater than 0"),
        ({"gpu_index": -1}, "greater than or equal to 0"),
        ({"knob": "voltage"}, "'clock' or 'power_limit'"),
        ({"path": ""}, "at least 1 character"),
        ({"sampling": 1}, "Extra inputs"),
    ],
)
def test_wrong_keys_are_refused_when_the_configuration_is_read(keys, sentence):
    with pytest.raises(ValidationError, match=sentence):
        RecordingBlock(**{"path": "log.csv", **keys})


def test_a_study_may_have_many_recordings():
    block = ClocksBlock(
        recordings={"ours": {"path": "a.csv"}, "zeus": {"path": "b.csv", "reader": "zeus_limits"}}
    )
    assert list(block.recordings) == ["ours", "zeus"]
    with pytest.raises(ValidationError, match="recordings"):
        ClocksBlock(recordings={"../x": {"path": "a.csv"}})
    assert all(field.description for field in RecordingBlock.model_fields.values())


def test_an_energy_of_unknown_origin_counts_only_where_it_is_named(write):
    text = TABLE.replace("\n", ",energy_j\n") + "a100,llama,1,1,1410,10,300,4000\n"
    plain = read_recording(write(text))
    assert (plain["energy_j"][0], plain["energy_by"][0]) == (3000, "mean_power")
    named = read_recording(write(text, columns={"energy_j": "energy_j"}))
    assert (named["energy_j"][0], named["power_w"][0], named["energy_by"][0]) == (4000, 400, "stated")
    alone = read_recording(write(text.replace("power_w,", "").replace(",300,", ",")))
    assert (alone["energy_j"][0], alone["energy_by"][0]) == (4000, "stated")


def test_power_limits_of_zeus_make_a_cell_of_each_workload(write):
    text = HEADS["zeus_limits"] + "a,b,1,sgd,250,7,180\na,b,1,adam,100,9,95\n"
    runs = read_recording(write(text, "summary_power_v100.csv"))
    assert [cell.workload for cell, _ in cells(runs)] == ["a b 1 sgd", "a b 1 adam"]
    assert set(runs["knob"]) == {POWER_LIMIT.name}
    assert (runs["gpu"][0], runs["energy_j"][0]) == ("v100", 9 * 95)
    with pytest.raises(Fault, match="does not name its gpu"):
        read_recording(write(text, "trace.csv"))
    with pytest.raises(Fault, match="line 2: average_power is -95"):
        read_recording(write(text.replace("9,95", "9,-95", 1), "trace.csv", gpu="v100"))


def test_a_profile_of_zeus_is_read_for_each_gpu(write):
    text = (
        "start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy\n1,__GlobalPowerLimitOptimizer_300,5,1000,900\n"
        "7,__GlobalPowerLimitOptimizer_275,5.5,950,850\n14,warm-up,2,1,1\n"
    )
    recording = read(write(text, "V100+bert+gpu2.csv"))
    assert [cell.gpu for cell, _ in cells(recording.runs)] == ["V100 (0)", "V100 (1)"]
    assert recording.runs["energy_j"].tolist() == [1000, 950, 900, 850]
    assert set(recording.runs["energy_by"]) == {"counter"}
    assert "1 windows without a power limit" in recording.notes[0]


def test_the_script_writes_the_sweep_and_says_what_was_left_out(write, tmp_path, root):
    block = write(HEADS["zeus_profile"] + "9,other,1,1\n", "V100+bert+gpu1.csv")
    output = tmp_path / "sweep.parquet"
    script = root / "workflow/scripts/clocks/read_recording.py"
    command = [sys.executable, str(script), "--recording", block.model_dump_json(), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "note: " in done.stderr
    assert tuple(read_frame(output, COLUMNS).columns) == COLUMNS
    command[3] = json.dumps({"path": str(tmp_path / "absent.csv")})
    failed = subprocess.run(command, capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ")
    assert "absent.csv does not exist" in failed.stderr


times = st.lists(st.floats(0.001, 100), min_size=2, max_size=40).map(np.cumsum)


@settings(max_examples=60, deadline=None)
@given(times=times, power=st.floats(0, 1000), cut=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_constant_power_takes_power_times_time(times, power, cut):
    low, high = sorted(times[0] + part * (times[-1] - times[0]) for part in cut)
    energy = PowerCurve(times, np.full(len(times), power)).energy_j([low], [high])[0]
    assert math.isclose(energy, power * (high - low), rel_tol=1e-6, abs_tol=1e-6)


@settings(max_examples=60, deadline=None)
@given(times=times, data=st.data())
def test_a_window_cut_in_two_adds_up(times, data):
    power = np.array(data.draw(st.lists(st.floats(0, 1000), min_size=len(times), max_size=len(times))))
    shares = sorted(data.draw(st.lists(st.floats(0, 1), min_size=3, max_size=3)))
    low, middle, high = (times[0] + share * (times[-1] - times[0]) for share in shares)
    curve = PowerCurve(times, power)
    first, second, whole = curve.energy_j([low, middle, low], [middle, high, high])
    assert first >= -1e-6
    assert math.isclose(first + second, whole, rel_tol=1e-9, abs_tol=1e-6)
    # The rule over the same points by numpy, as an independent account.
    points = np.unique(np.concatenate([[low, high], times[(times > low) & (times < high)]]))
    expected = np.trapezoid(np.interp(points, times, power), points)
    assert math.isclose(whole, expected, rel_tol=1e-6, abs_tol=1e-6)


def test_a_counter_that_falls_within_a_window_gives_none():
    time_s, counter = np.arange(6.0), np.array([0, 10, 20, 5, 15, 25.0])
    energies = counted_j(time_s, counter, np.array([0.5, 1.5, 3.0]), np.array([1.5, 3.5, 4.5]))
    assert energies[[0, 2]].tolist() == [10, 15]
    assert np.isnan(energies[1])


OWN = """
class Mine:
    gives = "runs"

    def fits(self, head):
        return head.startswith("MINE")

    def read(self, path, block, note):
        import pandas as pd

        note("one line was a comment.")
        run = {"gpu": "a100", "workload": "llama", "knob": "clock", "setting": 1410, "time_s": 2.0}
        return pd.DataFrame([{**run, "energy_j": float(path.read_text().split()[1]), "energy_by": "stated"}])


READER = Mine()
"""


def test_a_study_may_bring_its_own_reader(write, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(OWN)
    monkeypatch.setenv(OWN_PLUGINS, json.dumps([str(tmp_path / "mine.py")]))
    for reader in ("auto", "mine"):
        recording = read(write("MINE 500\n", "log.txt", reader=reader))
        assert recording.runs["power_w"].tolist() == [250]
        assert recording.notes == ["one line was a comment."]
    with pytest.raises(ValidationError, match="marks belongs to a power log"):
        RecordingBlock(path="log.txt", reader="mine", marks="marks.csv")


def test_a_table_has_no_samples(write):
    block = write(TABLE + ROWS)
    with pytest.raises(Fault, match="is a table of runs: expected a power log"):
        read_samples(block.path, block)


def test_the_public_sweeps_are_read_whole(recorded_csv):
    runs = read_recording(RecordingBlock(path=str(recorded_csv)))
    sizes = {(cell.gpu, cell.workload): len(rows) for cell, rows in cells(runs)}
    assert len(sizes) == 8
    assert set(sizes.values()) == {183, 177}
    assert (runs["energy_j"] == runs["time_s"] * runs["power_w"]).all()


@pytest.mark.parametrize(("gpu", "rows", "workloads"), [("v100", 476, 68), ("a40", 453, None)])
def test_the_public_power_limits_are_read_whole(recorded_csv, gpu, rows, workloads):
    runs = read_recording(RecordingBlock(path=str(recorded_csv.with_name(f"power_limit_{gpu}.csv"))))
    assert (len(runs), set(runs["gpu"]), set(runs["knob"])) == (rows, {gpu}, {"power_limit"})
    if workloads:
        assert len(list(cells(runs))) == workloads
