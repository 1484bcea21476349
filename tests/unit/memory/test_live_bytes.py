"""Bytes alive, on programs whose peaks are known by hand, and on random ones against their own books."""

import gc

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from wattshed.memory.accounting.elsewhere import host_memory, moved
from wattshed.memory.accounting.live_bytes import LiveBytes
from wattshed.memory.accounting.resident import resident_rise


def test_a_chain_of_results_peaks_where_three_of_them_live():
    with LiveBytes() as live:
        one = torch.ones(100)
        two = one * 2
        three = two + one
        del one, two
        four = three * 2
        del three
        del four
    assert live.peak == 3 * 400
    assert live.now == 0
    assert [point.bytes for point in live.timeline] == [400, 800, 1200, 800]
    assert live.point_of_peak.name == "aten.add"


def test_views_share_and_operations_in_place_make_nothing():
    with LiveBytes() as live:
        whole = torch.zeros(10, 10)
        part = whole[2:4].T
        whole.add_(1)
        del whole
        assert live.now == 400, "a view keeps its whole storage"
        del part
        assert live.now == 0
    assert live.peak == 400


def test_a_storage_that_grows_counts_as_grown():
    with LiveBytes() as live:
        small = torch.empty(0)
        torch.cat([torch.ones(3), torch.ones(3)], out=small)
    assert live.now == 24


def test_graphs_hold_what_they_saved_until_the_backward_pass():
    weight = torch.ones(50, requires_grad=True)
    with LiveBytes({"weights": [weight]}) as live:
        result = (weight.exp() * 2).sum()
        held = live.now
        result.backward()
        left = live.now
    assert held == 200 + 200 + 4, "the exponential is saved, though no name holds it"
    assert left == 200 + 200 + 4, "the gradient is left, and the exponential is gone"
    assert {point.phase for point in live.timeline} == {"forward", "backward"}


def test_resident_kinds_and_gradients_add_up_at_the_peak():
    network, values = nn.Linear(8, 8), torch.ones(4, 8)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    live = LiveBytes({"weights": network.parameters(), "batch": [values]})
    live.watch_gradients(network)
    with live:
        network(values).square().sum().backward()
        optimiser.step()
    found = live.at_peak()
    assert sum(found.values()) == live.peak
    assert found["weights"] == 4 * 72
    assert found["batch"] == 4 * 32
    assert "update" in {point.phase for point in live.timeline}


def test_copies_outside_of_the_device_count_as_the_hosts():
    value = torch.ones(100)
    with LiveBytes([value]) as live:
        with host_memory():
            copy = value.clone()
        moved(copy)
    assert (live.peak, live.host_peak) == (400, 400)


def test_storages_that_die_after_the_block_change_nothing():
    with LiveBytes() as live:
        value = torch.ones(5)
    del value
    gc.collect()
    assert live.now == 20


# What a step of a random program does: make a tensor, view one, drop one.
STEPS = st.lists(st.tuples(st.sampled_from(["make", "view", "drop"]), st.integers(0, 9)), max_size=25)


@settings(max_examples=30, deadline=None)
@given(steps=STEPS, fake=st.booleans())
def test_any_program_is_counted_as_its_own_books_say(steps, fake):
    held, sizes, owner, peak = [], {}, [], 0
    with FakeTensorMode() if fake else torch.no_grad(), LiveBytes() as live:
        for number, (what, choice) in enumerate(steps):
            if what == "make":
                held.append(torch.empty(choice + 1))
                owner.append(number)
                sizes[number] = 4 * (choice + 1)
            elif held and what == "view":
                held.append(held[choice % len(held)][:1])
                owner.append(owner[choice % len(owner)])
            elif held:
                place = choice % len(held)
                del held[place], owner[place]
            now = sum(sizes[one] for one in set(owner))
            peak = max(peak, now)
            assert live.now == now
        assert live.peak == peak


def test_the_processes_memory_rises_by_what_is_written():
    rise = resident_rise(lambda: torch.ones(5_000_000))
    # Where a system does not reset the peak of a process, there is no number to hold it against.
    assert rise is None or 0.9 * 20e6 < rise < 2 * 20e6
