"""The meter where other processes use the job's GPU: its energy is shared by the time that each kept it busy."""

import json

import pytest

from known_power import HandClock, KnownPower
from wattshed.devices.gpu_processes import GpuShare
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.meter import Meter
from wattshed.energy.share.usage import Usage

GPU_W = 300.0


class FakeUse:
    """What NVML tells of GPU 0 since the last sample; None where it does not tell."""

    def __init__(self):
        self.own_share = 1.0
        self.asked_for = set()

    def since_last(self, own_pids):
        self.asked_for |= own_pids
        if self.own_share is None:
            return {0: None}
        others = 0.0 if self.own_share == 0 and self.idle else 1 - self.own_share
        return {0: GpuShare(self.own_share, others, None, None)}

    idle = False


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def use():
    return FakeUse()


@pytest.fixture
def meter(tmp_path, clock, use):
    sensor = KnownPower(clock, {"gpu0": GPU_W}, whole=False)
    return Meter(Ledger(tmp_path / "job.jsonl", resumes=False), [sensor], 1.0, clock=clock, gpu_use=use)


def spent(meter, clock, use, *shares):
    """A window of one second per share; each second is followed by a sample that tells the job's share in it."""
    with meter.window("epoch") as window:
        for share in shares:
            use.own_share = share
            clock.sleep(1.0)
            meter.take({})
    return window


def written(tmp_path):
    return json.loads((tmp_path / "job.jsonl.part").read_text().splitlines()[-1])


def test_a_gpu_that_only_the_job_used_is_its_own(meter, clock, use, tmp_path):
    window = spent(meter, clock, use, 1.0, 1.0)
    assert window.own.joules == pytest.approx(2 * GPU_W)
    assert "gpu_own_share" not in written(tmp_path)["use"]
    assert use.asked_for == Usage().pids


def test_a_neighbours_part_is_not_the_jobs_and_counts_only_while_it_was_there(meter, clock, use, tmp_path):
    window = spent(meter, clock, use, 1.0, 0.25, 0.25, 1.0)
    assert window.energy.joules == pytest.approx(4 * GPU_W)
    assert window.own.joules == pytest.approx(2.5 * GPU_W)
    assert written(tmp_path)["use"]["gpu_own_share"] == {"gpu0": pytest.approx(0.625)}


def test_idle_power_of_a_held_gpu_is_the_jobs_and_silence_keeps_the_last_share(meter, clock, use):
    use.idle = True
    assert spent(meter, clock, use, 0.0).own.joules == pytest.approx(GPU_W)
    assert spent(meter, clock, use, 0.5, None).own.joules == pytest.approx(GPU_W)


@pytest.mark.parametrize(("share", "shared"), [(1.0, False), (0.95, False), (0.5, True)])
def test_work_on_a_shared_gpu_was_not_alone(meter, clock, use, share, shared):
    """The processors tell nothing here: their time is not the hand clock's."""
    assert (spent(meter, clock, use, share).alone is False) == shared
