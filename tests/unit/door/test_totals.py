"""The numbers of a handle are those of its ledger."""

import json

import pytest

from wattshed.door.totals import joules, totals_of


def write(path, *, own=None, use=None, idle=None, windows=0):
    energy = {
        "cpu": {"kwh": 2e-6, "status": "measured", "source": "rapl"},
        "ram": {"kwh": 1e-6, "status": "estimated", "source": "5 W"},
        "gpu": {"kwh": None, "status": "missing", "source": "none"},
    }
    end = {"event": "end", "duration_s": 2.0, "energy": energy}
    if own is not None:
        end["own"] = {"cpu": {"kwh": own, "status": "estimated", "source": "processor seconds"}}
    if use is not None:
        end["use"] = {"own_cpu_s": use}
    events = [{"event": "start"}, {"event": "sensors", "idle": idle}]
    events += [{"event": "window", "labels": {"text": "x" * 1000}}] * windows + [end]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def test_energies_are_joules_of_the_end_event_also_of_a_long_ledger(tmp_path):
    found = totals_of(write(tmp_path / "a.jsonl", windows=3000))
    assert (tmp_path / "a.jsonl").stat().st_size > 2 << 20
    assert joules(found.energy) == pytest.approx(10.8)
    assert (found.energy.status, found.duration_s) == ("estimated", 2.0)
    assert (found.net, found.own, found.own_cpu_s) == (None, None, None)


def test_net_energy_is_less_idle_power_of_the_same_source_only(tmp_path):
    idle = {"power_w": {"cpu": 1.0, "ram": 1.0}, "source": {"cpu": "rapl", "ram": "3 W"}}
    found = totals_of(write(tmp_path / "a.jsonl", idle=idle))
    # 7.2 J of the processor less 1 W for 2 s; that of memory comes from another source.
    assert joules(found.net) == pytest.approx(5.2)
    assert found.net.components["ram"].status == "missing"


def test_own_energy_and_processor_time_are_read_where_the_ledger_has_them(tmp_path):
    found = totals_of(write(tmp_path / "a.jsonl", own=5e-7, use=1.5))
    assert joules(found.own) == pytest.approx(1.8)
    assert found.own_cpu_s == 1.5
