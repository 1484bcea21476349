"""Every line of the table of clock back ends keeps the same contract."""

import subprocess
import sys

import pandas as pd
import pytest

from fake_clock_driver import Driver, Guarded
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.runs import COLUMNS
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.foundation import plugins

LABELS = {"simulated", "recorded", "measured"}


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "sweep.csv"
    rows = [
        ("V100", "train", run, rep, mhz, 1000 / mhz, mhz / 10)
        for run, (rep, mhz) in enumerate((rep, mhz) for rep in (1, 2, 3) for mhz in (900, 1200, 1500))
    ]
    columns = ["gpu", "workload", "run", "rep", "freq_mhz", "time_s", "power_w"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["run"] += 1
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def block(recording):
    return ClocksBlock(
        points=3,
        repeats=2,
        min_point_s=0.1,
        replay=ReplayBlock(path=str(recording), gpu="V100", workload="train"),
        nvml=NvmlBlock(settle_s=0),
    )


@pytest.fixture
def opened(request, block, tmp_path):
    """The back end of the table; the driver of the real GPU is the one in memory, and each of its knobs is tried."""
    name, _, knob = request.param.partition(":")
    if name == "nvml":
        gpu = NvmlClocks(
            block.nvml,
            knob,
            nvml=Driver().module,
            sleep=lambda _: None,
            notes=tmp_path / "notes",
            guard=Guarded,
        )
    else:
        gpu = plugins.load("clock_backend", name).open(block)
    yield gpu
    gpu.reset()


BACK_ENDS = [name for name in plugins.names("clock_backend") if name != "nvml"]
every_backend = pytest.mark.parametrize(
    "opened", [*BACK_ENDS, "nvml:clock", "nvml:power_limit"], indirect=True
)


@every_backend
def test_it_names_itself_its_gpu_and_how_its_readings_are_known(opened):
    assert opened.name in plugins.names("clock_backend")
    assert opened.gpu
    assert opened.label in LABELS


@every_backend
def test_it_locks_only_legal_clocks_and_gives_them_back_twice(opened):
    legal = opened.settings()
    assert list(legal) == sorted(set(legal))
    with pytest.raises(ValueError, match=opened.knob.unit):
        opened.lock(legal[0] + 1 if legal[0] + 1 not in legal else legal[-1] + 1)
    opened.lock(legal[0])
    opened.reset()
    opened.reset()


@every_backend
def test_its_sweep_has_the_columns_of_every_sweep(opened, block):
    frame = run_sweep(opened, lambda: None, block, "net")
    assert list(frame)[: len(COLUMNS)] == list(COLUMNS)
    assert (frame[["time_s", "energy_j", "power_w"]] > 0).all(axis=None)
    assert set(frame["setting"]) <= set(opened.settings())
    assert set(frame["knob"]) == {opened.knob.name}
    assert frame["applied"].isna().all() or (frame["applied"] == frame["setting"]).all()


def test_the_table_reads_without_torch_and_finds_its_modules():
    names = list(plugins.names("clock_backend"))
    assert all(plugins.source_file("clock_backend", name).is_file() for name in names)
    code = (
        f"import sys\nfrom wattshed.foundation import plugins\nfor name in {names!r}:\n"
        "    plugins.load('clock_backend', name)\n"
        "    assert 'torch' not in sys.modules, name"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_back_end_is_refused_when_the_config_is_read():
    with pytest.raises(ValueError, match="did you mean 'simulated'"):
        ClocksBlock(backend="simulatd")
