"""The memory of a training's epochs, and the line of its log."""

import pytest
import torch

from wattshed.memory.accounting import epoch_peak
from wattshed.memory.accounting.epoch_peak import EpochPeak

MIB = 1024 * 1024


@pytest.fixture
def resident(monkeypatch):
    """The process's memory, as the system would tell it; each epoch takes the next pair of bytes before and at most."""

    def tells(*epochs):
        told = iter([size for epoch in epochs for size in epoch])
        monkeypatch.setattr(epoch_peak, "reset_peak", lambda: True)
        monkeypatch.setattr(epoch_peak, "status_bytes", lambda name: next(told))

    return tells


def test_the_highest_of_all_epochs_is_told_beside_the_prediction(resident):
    resident((100 * MIB, 150 * MIB), (100 * MIB, 103 * MIB))
    peak = EpochPeak(torch.device("cpu"), 14_600_000)
    rises = []
    for _ in range(2):
        peak.begin()
        rises.append(peak.values()["resident_rise_bytes"])
    assert rises == [50 * MIB, 3 * MIB]
    line = peak.summary("small, seed 1")
    assert line.startswith(
        "small, seed 1: predicted peak 14.6 MB, measured peak 52.4 MB, as the rise of the process's"
    )


def test_what_is_unknown_says_so(monkeypatch):
    monkeypatch.setattr(epoch_peak, "reset_peak", lambda: False)
    peak = EpochPeak(torch.device("cpu"), None)
    assert peak.summary("small") is None
    peak.begin()
    assert peak.values() == {}
    assert "predicted peak unknown, measured peak unknown, because the system" in peak.summary("small")


def test_a_gpus_peak_is_its_allocators(monkeypatch):
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 2_000_000)
    peak = EpochPeak(torch.device("cuda"), 1_900_000)
    peak.begin()
    assert peak.values() == {"predicted_peak_bytes": 1_900_000, "measured_peak_bytes": 2_000_000}
    assert "measured peak 2.00 MB, of torch's allocator" in peak.summary("small")
