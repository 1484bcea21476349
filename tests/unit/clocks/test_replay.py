import pytest

from wattshed.clocks.backends.replay import RecordedClocks
from wattshed.clocks.sweeping.sweep import COLUMNS, run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.foundation.faults import Fault

HEADER = "gpu,workload,run,rep,freq_mhz,time_s,power_w,energy_j,samples\n"
ROWS = [
    "a100,llama,2,1,1395,10.5,90,999,1\n",
    "a100,llama,1,1,1410,10,100,999,1\n",
    "a100,llama,3,2,1410,12,110,999,1\n",
    "v100,llama,1,1,1380,1,1,1,1\n",
]


def block(path, gpu="a100", workload="llama"):
    return ReplayBlock(path=str(path), gpu=gpu, workload=workload)


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "sweep.csv"
    path.write_text(HEADER + "".join(ROWS))
    return path


def test_a_recorded_sweep_keeps_its_order_and_computes_energy_from_power(csv):
    def never() -> None:
        raise AssertionError("a replay runs no workload")

    frame = run_sweep(RecordedClocks(block(csv)), never, ClocksBlock())
    assert tuple(frame.columns) == COLUMNS
    assert frame["order"].tolist() == [1, 2, 3]
    assert frame["setting"].tolist() == [1410, 1395, 1410]
    assert frame["energy_j"].tolist() == [1000, 945, 1320]
    assert set(frame["label"]) == {"recorded"}
    assert frame["applied"].isna().all()


def test_measure_replays_the_runs_of_the_locked_clock_in_turn(csv):
    gpu = RecordedClocks(block(csv))
    assert gpu.settings() == (1395, 1410)
    assert [gpu.measure(lambda: None, 1).time_s for _ in range(3)] == [10, 12, 10]
    gpu.lock(1395)
    assert gpu.measure(lambda: None, 1).energy_j == pytest.approx(945)
    gpu.reset()
    assert gpu.measure(lambda: None, 1).time_s == 12
    with pytest.raises(ValueError, match="1000 MHz"):
        gpu.lock(1000)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read as CSV"),
        ("gpu,workload,run\na100,llama,1\n", "has no column rep, freq_mhz, time_s, power_w"),
        (HEADER, "no run of 'llama' on 'a100'.*the table is empty"),
        (HEADER + "v100,vit,1,1,1380,1,1,1,1\n", "expected one of v100 vit"),
        (HEADER + ROWS[0] + "a100,llama,2,1,1410,fast,90,9,1\n", "line 3: time_s is fast"),
        (HEADER + "a100,llama,2,1,1410,10,,9,1\n", "line 2: power_w is nan"),
        (HEADER + "a100,llama,2,1,1410,-10,90,9,1\n", "line 2: time_s is -10"),
        (HEADER + "a100,llama,2,1,1410,inf,90,9,1\n", "line 2: time_s is inf"),
    ],
)
def test_bad_tables_give_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(Fault, match=sentence):
        RecordedClocks(block(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Fault, match=r"nowhere\.csv does not exist"):
        RecordedClocks(block(tmp_path / "nowhere.csv"))
