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


def block(path, gpu="a100", workload="llama", **keys):
    return ReplayBlock(path=str(path), gpu=gpu, workload=workload, **keys)


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


def test_power_limits_are_replayed_like_clocks(tmp_path):
    path = tmp_path / "power_limit_v100.csv"
    path.write_text(
        "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n"
        "cifar100,resnet,64,adam,100,12,95\ncifar100,resnet,64,adam,250,10,180\n"
    )
    gpu = RecordedClocks(block(path, gpu="v100", workload="cifar100 resnet 64 adam"))
    assert (gpu.knob.name, gpu.settings()) == ("power_limit", (100, 250))
    assert gpu.measure(lambda: None, 1).energy_j == pytest.approx(1800)
    with pytest.raises(ValueError, match="101 W"):
        gpu.lock(101)


def test_two_sweeps_under_one_name_are_refused(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(
        "gpu,gpu_uuid,workload,freq_mhz,time_s,power_w\na100,GPU-1,llama,1410,10,99\na100,GPU-2,llama,1410,10,99\n"
    )
    with pytest.raises(Fault, match=r"holds 2 sweeps of 'llama' on 'a100' \(GPU-1, clock; GPU-2, clock\)"):
        RecordedClocks(block(path))
    one = RecordedClocks(block(path, gpu="GPU-2"))
    assert (one.gpu, one.gpu_uuid) == ("a100", "GPU-2")


def test_a_simulated_sweep_stays_simulated_when_it_is_replayed(tmp_path, simulate):
    frame = simulate(points=3, repeats=3)
    path = tmp_path / "own.csv"
    frame.to_csv(path, index=False)
    gpu = RecordedClocks(block(path, gpu=frame["gpu"][0], workload="inference"))
    replayed = gpu.recorded_sweep()
    assert gpu.label == "simulated"
    same = [name for name in COLUMNS if name != "backend"]
    assert replayed[same].equals(frame[same].astype(replayed[same].dtypes))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"bad\.csv is empty"),
        ("gpu,workload,run\na100,llama,1\n", "fits none of the readers table, nvidia_smi"),
        (HEADER, "has no rows below its header"),
        (
            HEADER + "v100,vit,1,1,1380,1,1,1,1\n",
            "no run of 'llama' on 'a100': it has gpu v100; workload vit",
        ),
        (HEADER + ROWS[0] + "a100,llama,2,1,1410,fast,90,9,1\n", "line 3: time_s is 'fast'"),
        (HEADER + "a100,llama,2,1,1410,10,,9,1\n", "line 2: power_w is empty or was not read"),
        (HEADER + "a100,llama,2,1,1410,-10,90,9,1\n", "line 2: time_s is -10"),
        (HEADER + "a100,llama,2,1,1410,inf,90,9,1\n", "line 2: time_s is 'inf'"),
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
