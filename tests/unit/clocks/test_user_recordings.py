"""Files as users have them: other spellings are read, and what would give a wrong number is refused or named."""

import gzip

import pytest

from wattshed.clocks.deploying.before_after import compare_recordings
from wattshed.clocks.recordings.recording import read
from wattshed.clocks.recordings.samples import gpu_rows
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.recording_columns import unit_of
from wattshed.foundation.faults import Fault
from wattshed.publish.clock_report.comparison_figure import draw_settings
from wattshed.publish.clock_report.pdf import write_pdf

MARKS = "run_id,frequency_mhz,start,end\n1_01,1410,10,20\n2_01,1005,30,40\n"
HEADER = "gpu,workload,freq_mhz,time_s,power_w\n"
RUN = "a,b,1410,10,100\n"
SUMMARY = (
    "run_id,frequency_mhz,duration_seconds,exit_code,status\n1_01,1410,10,0,success\n2_01,1005,10,0,success\n"
)


def watts(second):
    """1,000 J from second 10 to 20, and 2,000 J from 30 to 40."""
    return 100 if 8 <= second <= 22 else 200 if 28 <= second <= 42 else 40


def smi(power=lambda second: f"{watts(second)} W", name="A100", first=0):
    rows = "".join(f"{second + first}, {name}, {power(second)}\n" for second in range(60))
    return f"timestamp, name, power.draw [W]\n{rows}"


def dcgm(row=lambda second: f"GPU 0  NVIDIA A100  {watts(second)}.0\n"):
    return "#Entity  DVNAM  POWER\nID  W\n" + "".join(map(row, range(60)))


@pytest.fixture
def recorded(tmp_path):
    def write(text, marks=None, **keys):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "log.csv").write_bytes(content)
        if marks is not None:
            (tmp_path / "marks.csv").write_text(marks)
            keys = {"workload": "b", "marks": str(tmp_path / "marks.csv"), **keys}
        return read(RecordingBlock(path=str(tmp_path / "log.csv"), **keys))

    return write


@pytest.mark.parametrize(
    ("word", "quantity", "unit"),
    [
        ("mhz", "clock", "MHz"),
        ("MHZ", "clock", "MHz"),
        ("Watts", "power", "W"),
        ("mw", "power", "mW"),
        ("MW", "power", None),
        ("KW", "power", "kW"),
        ("mj", "energy", "mJ"),
        ("MJ", "energy", "MJ"),
        ("kwh", "energy", "kWh"),
        ("MWh", "energy", None),
        ("Sec", "time", "s"),
        ("MS", "time", "ms"),
        ("µs", "time", "us"),
        ("kg", "power", None),
    ],
)
def test_units_are_known_in_any_case_where_it_does_not_change_them(word, quantity, unit):
    assert unit_of(word, quantity) == unit


@pytest.mark.parametrize(
    "text",
    [
        "gpu,workload,freq_ghz,time_ms,power_kw\na,b,1.41,10000,0.1\na,b,1.005,11000,0.08\n",
        "GPU Name,Workload,Frequency (MHz),Duration (sec),Avg Power [watts]\na,b,1410,10,100\na,b,1005,11,80\n",
        "gpu,workload,clock,runtime,energy_mj\na,b,1410,10,1000000\na,b,1005,11,880000\n",
        "gpu,workload,freq_mhz,duration_ms,energy_kwh\na,b,1410,10000,0.000277777778\na,b,1005,11000,0.000244444444\n",
        "# measured by me, in March\n" + HEADER + RUN + "# again, without, the, other, one\na,b,1005,11,80\n",
        "# " + HEADER + RUN + HEADER + "a,b,1005,11,80\n",
        gzip.compress((HEADER + RUN + "a,b,1005,11,80\n").encode("utf-16")),
    ],
    ids=["units in names", "blanks in names", "mJ", "kWh", "comments", "header twice", "gzip and UTF-16"],
)
def test_other_spellings_of_a_table_give_the_same_runs(recorded, text):
    runs = recorded(text).runs
    assert runs["setting"].tolist() == [1410, 1005]
    assert runs["time_s"].tolist() == pytest.approx([10, 11])
    assert runs["energy_j"].tolist() == pytest.approx([1000, 880])


@pytest.mark.parametrize("word", ["[n/a]", "Err!", "NULL", "[Requested functionality has been deprecated]"])
def test_what_was_not_read_has_many_spellings(recorded, word):
    log = smi(lambda second: word if second == 13 else f"{watts(second)} W")
    assert recorded(log, MARKS).runs["energy_j"].tolist() == pytest.approx([1000, 2000])


def test_a_line_keeps_its_number_below_comments_and_repeated_headers(recorded):
    with pytest.raises(Fault, match="line 6: time_s is empty or was not read"):
        recorded(f"# mine\n{HEADER}{RUN}{HEADER}# x\na,b,1005,-,80\n")


def test_gpus_of_one_name_in_a_table_are_told_apart_by_their_index(recorded):
    text = "gpu,gpu_index,workload,freq_mhz,time_s,power_w\nA,0,b,1410,10,100\nA,1,b,1410,10,200\n"
    assert recorded(text).runs["gpu"].tolist() == ["A (0)", "A (1)"]
    assert recorded(text, gpu_index=1).runs["energy_j"].tolist() == [2000]


def test_failed_runs_of_a_table_are_left_out_and_counted(recorded):
    text = HEADER.replace("power_w", "power_w,exit_code,status")
    text += (
        "a,b,1410,10,100,0,success\na,b,1005,1,80,1,success\na,b,1005,1,80,0,Timeout\na,b,900,12,70,0,odd\n"
    )
    found = recorded(text)
    assert found.runs["setting"].tolist() == [1410, 900]
    assert any("2 of 4 runs failed" in note for note in found.notes)


def test_a_clock_that_was_read_beside_the_asked_one_counts(recorded):
    text = (
        HEADER.replace("freq_mhz", "freq_mhz,actual_clock_mhz")
        + "a,b,1410,1408,10,100\na,b,1005,1200,11,90\n"
    )
    assert recorded(text).runs["applied"].tolist() == [1410, 1200]


@pytest.mark.parametrize(
    ("text", "marks", "keys", "said"),
    [
        (HEADER + RUN * 2 + "a,b,1005,11,0.08\n", None, {}, r"line 4: power_w is 0\.08, .* one unit throughout"),
        (HEADER + RUN * 2 + "a,b,1005,11000,80\n", None, {}, r"line 4: time_s is 1\.1e\+04, .* one unit throughout"),
        (HEADER + RUN, None, {"knob": "power_limit"}, "has no column power_limit_w"),
        ('{"measurements": []}', None, {}, "looks like JSON: expected a CSV"),
        (smi(lambda second: "99999 W" if second == 12 else "90 W"), MARKS, {}, "sample 13 is 99999 W: expected up to"),
        (smi().replace("18, A100", "18, A1002026/03/01 12:00:18.500, A100"), MARKS, {}, "line 20 has 4 cells"),
        (smi(first=5), MARKS, {}, "may count from the first sample of .* begin with 5: expected one meaning"),
        (smi(), MARKS.replace("end", "end,duration_s").replace("20\n", "20,3\n").replace("40\n", "40,10\n"), {},
         "line 2: the run '1_01' goes on for 10 s by start and end, but 3 s by its duration"),
        (smi(), MARKS.replace("30,40", "30,"), {}, "line 3: the run '2_01' has no end"),
        (smi(), MARKS.replace("run_id", "name"), {}, "has no column run_id: it has name"),
        (smi().replace("\n4, ", "\n, "), MARKS, {}, "line 6: the time is empty"),
    ],
)  # fmt: skip
def test_what_would_give_a_wrong_number_is_refused(recorded, text, marks, keys, said):
    with pytest.raises(Fault, match=said):
        recorded(text, marks, **keys)


def test_marks_by_the_logs_own_clock_are_read_so_where_they_fit_nothing_else(recorded):
    marks = MARKS.replace("10,20", "5010,5020").replace("30,40", "5030,5040")
    assert recorded(smi(first=5000), marks).runs["energy_j"].tolist() == pytest.approx([1000, 2000])
    assert recorded(smi(first=5000), MARKS).runs["energy_j"].tolist() == pytest.approx([1000, 2000])


@pytest.mark.parametrize("end", ["duration_ms", "duration [ms]"])
def test_durations_of_marks_have_their_unit_in_the_name(recorded, end):
    marks = f"run_id;frequency_ghz;start;{end}\n1_01;1,41;10,0;10000\n2_01;1,005;30,0;10000\n"
    runs = recorded(smi(), marks).runs
    assert (runs["setting"].tolist(), runs["energy_j"].tolist()) == (
        [1410, 1005],
        pytest.approx([1000, 2000]),
    )


def test_marks_that_name_a_gpu_by_name_and_index_mean_that_one(recorded):
    rows = "".join(f"{at}, {gpu}, A, {watts(at) * (gpu + 1)} W\n" for at in range(60) for gpu in (0, 1))
    marks = "run_id,frequency_mhz,start,end,gpu,gpu_index\n1_01,1410,10,20,A,0\n2_01,1005,30,40,A,1\n"
    runs = recorded("timestamp, index, name, power.draw [W]\n" + rows, marks).runs
    assert runs["energy_j"].tolist() == pytest.approx([1000, 4000])


def test_a_power_of_nothing_was_not_read(recorded):
    found = recorded(smi(lambda second: "0.00 W" if second == 12 else f"{watts(second)} W"), MARKS)
    assert found.runs["energy_j"].tolist() == pytest.approx([1000, 2000])
    assert any("power of 1 samples is 0 W" in note for note in found.notes)


@pytest.mark.parametrize(
    "log",
    [
        dcgm(lambda at: f"GPU 0  NVIDIA A100  {watts(at)}.0\nGPU-I 0  N/A  50\nGPU-CI 0  N/A  50\n"),
        dcgm(lambda at: f"GPU 0  {'N/A' if at < 5 else 'NVIDIA A100'}  {watts(at)}.0\n"),
        dcgm(lambda at: f"GPU 0  NVIDIA A100  {watts(at)}.0\n\n"),
        dcgm(
            lambda at: (
                f"{'#Entity DVNAM POWER' if at % 9 == 8 else ''}\nID W\nGPU 0  NVIDIA A100  {watts(at)}.0\n"
            )
        ).replace("\n\nID W\n", "\n"),
    ],
    ids=["instances", "name comes later", "blank lines", "header with other blanks"],
)
def test_logs_of_dcgm_as_they_come(recorded, log):
    runs = recorded(log, MARKS, period_s=1).runs
    assert runs["energy_j"].tolist() == pytest.approx([1000, 2000])
    assert set(runs["gpu"]) == {"NVIDIA A100"}


def test_a_folder_names_what_it_leaves_out_and_refuses_a_run_twice(tmp_path):
    folder = tmp_path / "results_A100_llama_job_1"
    folder.mkdir()
    for name in ("run_1_01_freq_1410_profile.csv", "run_2_01_freq_1005_profile.csv"):
        (folder / name).write_text(dcgm(lambda at: "GPU 0  NVIDIA A100  100.0\n"))
    (folder / "timing_summary.log").write_text(SUMMARY.replace("2_01,1005,10,0,success\n", ""))
    found = read(RecordingBlock(path=str(folder)))
    assert found.runs["energy_j"].tolist() == [1000]
    assert any(
        "1 logs are of runs that timing_summary.log does not list: left out (2_01)" in one
        for one in found.notes
    )
    (folder / "run_1_01_freq_1410_profile.csv.gz").write_bytes(gzip.compress(b"#Entity POWER\n"))
    with pytest.raises(Fault, match="holds the run 1_01 more than once"):
        read(RecordingBlock(path=str(folder)))


def test_windows_of_epochs_are_no_power_limits(tmp_path):
    path = tmp_path / "V100+bert+gpu0.csv"
    rows = "1,epoch_3,10,900\n2,__GlobalPowerLimitOptimizer_300,10,2000\n"
    path.write_text("start_time,window_name,elapsed_time,gpu0_energy\n" + rows)
    assert read(RecordingBlock(path=str(path))).runs["setting"].tolist() == [300]


def test_names_with_dollar_signs_are_no_formulas_in_the_pdf(recorded, tmp_path):
    rows = "".join(f"A$100$,x$^{{\\frac$,{clock},{10 + at / 100},{power}\n"
                   for clock, power in ((1410, 100), (1005, 70)) for at in range(3))  # fmt: skip
    runs = recorded(HEADER + rows).runs
    cell = compare_recordings(runs, runs).cells[0]
    name = f"{cell.gpu}, {cell.workload}"
    write_pdf(tmp_path / "a.pdf", name, [name], [(name, cell.settings)], draw_settings, ("First", "Second"))
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_gpus_are_told_apart_after_their_names_are_filled_in(recorded):
    rows = "".join(
        f"{at}, {gpu}, {'A' if at else '[N/A]'}, {watts(at)} W\n" for at in range(60) for gpu in (0, 1)
    )
    found = recorded("timestamp, index, name, power.draw [W]\n" + rows, MARKS)
    assert [len(one) for one in gpu_rows(found.samples)] == [60, 60]
    assert found.runs["energy_j"].tolist() == pytest.approx([1000, 1000, 2000, 2000])
