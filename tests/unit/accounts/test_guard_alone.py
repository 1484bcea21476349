"""The guard beside other programs, with a tolerance, and with energies of another scope."""

import pandas as pd
import pytest

from guarded_records import changed, frames
from wattshed.accounts.guard.verdicts import guard
from wattshed.foundation.faults import Fault


def beside(source, others_cpu_s, epochs=None):
    """The same frames with use: one core of own work in 10 s, and others' work in the named epochs."""
    windows = source[1]
    burdened = windows["epoch"].isin(epochs) if epochs else pd.Series(True, index=windows.index)
    others = burdened.map({True: others_cpu_s, False: 0.1}).astype("float64")
    return source[0], windows.assign(own_cpu_s=10.0, others_cpu_s=others, duration_s=10.0, energy_scope="own")


SEEDS = (1, 2, 3)


@pytest.fixture
def stored(tmp_path):
    baseline = tmp_path / "base.json"
    guard(beside(frames(random_seed=1, seeds=SEEDS), 0.1), baseline, update=True)
    return baseline


def test_identical_work_beside_a_neighbour_is_no_alarm_and_no_all_clear(stored):
    """Contention costs own processor time: nothing is decided from burdened epochs."""
    report = guard(beside(frames(rise=0.66, random_seed=2, seeds=SEEDS), 9.0), stored)
    assert report.exit_code == 3
    assert "0 usable pairs" in report.lines()[0]
    assert "30 pairs are left out, because other programs used the machine" in report.lines()[0]


def test_a_true_rise_is_caught_by_the_epochs_that_were_alone(stored):
    report = guard(beside(frames(rise=0.05, random_seed=2, seeds=SEEDS), 9.0, epochs=[3, 4, 5]), stored)
    assert report.exit_code == 1
    assert "21 pairs" in report.lines()[0]
    assert "9 pairs are left out" in report.lines()[0]


def test_epochs_too_short_for_the_machines_counts_are_judged_together(stored):
    """Ten epochs of 0.05 s beside a burner: the machine counts in steps of 10 ms."""
    runs, windows = beside(frames(rise=0.2, random_seed=2, seeds=SEEDS), 0.05)
    report = guard((runs, windows.assign(own_cpu_s=0.05, duration_s=0.05)), stored)
    assert report.exit_code == 3
    assert "30 pairs are left out" in report.lines()[0]


def test_epochs_of_unknown_use_are_compared(stored):
    assert guard(changed(frames(random_seed=2, seeds=SEEDS), energy_scope="own"), stored).exit_code == 0


@pytest.mark.parametrize(("tolerance", "code"), [(0.0, 1), (5.0, 1), (9.0, 0), (15.0, 0)])
def test_only_a_rise_above_the_tolerance_fails_with_confidence(stored, tolerance, code):
    """A rise of 8 % at 1 % noise."""
    risen = beside(frames(rise=0.08, random_seed=2, seeds=SEEDS), 0.1)
    report = guard(risen, stored, tolerance_percent=tolerance)
    assert report.exit_code == code
    assert report.verdicts[0].change_percent == pytest.approx(8, abs=1)
    if tolerance:
        assert f"by more than {tolerance:g} %" in report.lines()[0]


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_an_impossible_tolerance_is_refused(stored, tolerance):
    with pytest.raises(Fault, match=r"the tolerance is .*expected a share from 0"):
        guard(beside(frames(), 0.1), stored, tolerance_percent=tolerance)


def test_own_energies_are_not_compared_with_the_machines(stored):
    with pytest.raises(Fault, match="energy is the machine one and was the own one"):
        guard(changed(frames(), energy_scope="machine"), stored)


def test_the_machines_energies_are_compared_on_request(tmp_path):
    baseline = tmp_path / "base.json"
    both = beside(frames(random_seed=1), 0.1)
    guard(changed(both, machine_kwh=1e-4), baseline, update=True)
    report = guard(changed(both, machine_kwh=2e-4), baseline, energy="machine")
    assert report.exit_code == 1
    assert report.verdicts[0].quantity == "machine-wide energy per epoch"
    with pytest.raises(Fault, match="has no machine-wide energy above 0"):
        guard(both, baseline, energy="machine")


def test_overlapping_jobs_are_compared_by_their_own_energies_alone(stored):
    runs, windows = beside(frames(random_seed=2), 0.1)
    overlapping = runs.assign(overlaps="another job", energy_scope="own")
    assert guard((overlapping, windows), stored).exit_code == 0
    with pytest.raises(Fault, match="its energy is not its own"):
        guard((overlapping.assign(energy_scope="machine"), windows), stored)
