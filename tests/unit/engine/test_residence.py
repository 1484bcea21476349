"""Series on the device while they fit, else sent in blocks; the device's memory is a made-up figure."""

import numpy as np
import pytest
import torch

from wattshed.engine.series import residence
from wattshed.engine.series.residence import Residence, free_bytes

CPU = torch.device("cpu")
NODES, HOURS = 11, 300
NEEDED = 2 * NODES * HOURS * 4


def made(free=free_bytes, device=CPU):
    random = np.random.default_rng(1)
    own, aggregate = random.normal(size=(2, NODES, HOURS)).astype(np.float32)
    return Residence(own, aggregate, device, free)


def pairs(count, length):
    generator = torch.Generator().manual_seed(2)
    nodes = torch.randint(NODES, (count,), generator=generator)
    return nodes, torch.randint(HOURS - length + 1, (count,), generator=generator), length


def test_the_host_always_has_room(capsys):
    assert not made().streams
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("share", "streams"), [(0.59, False), (0.61, True)])
def test_a_margin_of_the_free_memory_is_kept(capsys, share, streams):
    found = made(lambda device: NEEDED / share)
    assert found.streams == streams
    assert (f"GiB of {CPU} are free: the series stay in host memory" in capsys.readouterr().err) == streams


@pytest.mark.parametrize("count", [1, 100, 357])
def test_streamed_windows_are_the_resident_ones(monkeypatch, count):
    monkeypatch.setattr(residence, "PAIRS_PER_BLOCK", 100)
    resident, streamed = made(), made(lambda device: 0)
    asked = pairs(count, 24)
    for name in ("own", "aggregate"):
        expected = resident.windows(name, *asked)
        assert expected.shape == (count, 24)
        assert torch.equal(streamed.windows(name, *asked), expected)


def test_leaving_the_device_is_said_once(capsys):
    found = made()
    before = found.own.clone()
    found.leave_device("cuda ran out of memory")
    found.leave_device("and again")
    assert found.streams_because == "cuda ran out of memory"
    assert torch.equal(found.own, before)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_device_that_is_full_after_all_streams(monkeypatch):
    def full(self, *_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.Tensor, "to", full)
    assert "has no room" in made().streams_because


def test_no_room_to_gather_sends_the_series_away(monkeypatch, capsys):
    found = made()
    asked = pairs(5, 24)
    expected = found.windows("aggregate", *asked)
    gather = found.gather
    calls = iter([torch.cuda.OutOfMemoryError("CUDA out of memory"), None])

    def full_once(*arguments):
        if (error := next(calls)) is not None:
            raise error
        return gather(*arguments)

    monkeypatch.setattr(found, "gather", full_once)
    assert torch.equal(found.windows("aggregate", *asked), expected)
    assert "ran out of memory in gathering 5 windows" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_on_a_real_gpu_both_ways_give_the_same():
    device = torch.device("cuda")
    resident, streamed = made(device=device), made(lambda device: 0, device)
    asked = pairs(357, 24)
    expected = resident.windows("own", *asked)
    assert expected.device.type == "cuda"
    assert torch.equal(streamed.windows("own", *asked), expected)
    resident.leave_device("for the test")
    assert torch.equal(resident.windows("own", *asked), expected)
