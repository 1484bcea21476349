"""The numbers of a handle are those of its meter, whatever becomes of the ledger."""

import pytest

from known_power import HandClock, KnownPower
from wattshed.door.block.totals import joules, totals_of
from wattshed.energy.idle import IdlePower
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.meter import Meter


@pytest.fixture
def meter(tmp_path):
    clock = HandClock()
    idle = IdlePower(
        {"cpu": 30.0}, {"cpu": "measured"}, {"cpu": "known"}, "2026-01-05T07:00:00+00:00", 5.0, 0.0
    )
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    yield Meter(ledger, [KnownPower(clock, {"cpu": 100.0})], 0.1, idle=idle, clock=clock, sleep=clock.sleep)
    ledger.give_up()


def test_energies_are_joules_since_the_meter_began(meter):
    assert totals_of(meter) is None
    meter._clock.sleep(8.0)
    meter.totals = meter.since_start()
    found = totals_of(meter)
    assert (joules(found.machine), joules(found.net)) == pytest.approx((800.0, 560.0))
    assert joules(found.own) == pytest.approx(800.0)  # this sensor meters the job alone
    assert found.duration_s == 8.0
    assert found.own_cpu_s >= 0


def test_an_unknown_energy_has_no_joules():
    assert joules(None) is None
