"""The text file for Prometheus, read by Prometheus' own parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from codecarbon_files import row, write
from ledger_files import end, sensors, start, window
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.export.prometheus import _escaped, prometheus_text, write_prometheus
from wattshed.accounts.runs.collect import collect
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def ledger(folder, job, *, minute=0, ended=True, kwh=1e-4, **labels):
    made = Ledger(folder / f"{job}-{minute}.jsonl", resumes=False)
    start(made, job, "training", {"model": "gru", **labels}, minute=minute)
    sensors(made, minute=minute)
    window(made, "epoch", kwh / 2)
    if ended:
        end(made, kwh, minute=minute)
    else:
        made.abandon()


def runs_of(folder, country="ESP"):
    return add_emissions(collect(folder).runs, CarbonBlock(pue=1.5), Location(country))


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} occurs twice"
            found[key] = sample.value
    return found


def values(text, name):
    return [value for (sample, _), value in samples(text).items() if sample == name]


def test_energy_time_mass_and_end_are_samples_in_base_units(tmp_path):
    ledger(tmp_path, "j", seed=3)
    text = prometheus_text(runs_of(tmp_path))
    assert values(text, "wattshed_energy_joules_total") == pytest.approx([270, 90])
    assert values(text, "wattshed_duration_seconds") == [30]
    assert values(text, "wattshed_co2e_kilograms") == pytest.approx([1.5e-4 * 0.17405], rel=1e-3)
    assert values(text, "wattshed_end_timestamp_seconds") == [1767600030]
    assert values(text, "wattshed_truncated") == [0]
    labels = [
        dict(labels) for (name, labels), _ in samples(text).items() if name.startswith("wattshed_energy")
    ]
    same = {
        "run": "j",
        "stage": "training",
        "model": "gru",
        "seed": "3",
        "host": "test-host",
        "status": "estimated",
    }
    assert labels == [same | {"component": "cpu"}, same | {"component": "ram"}]


def test_every_quantity_has_a_help_and_a_type_before_its_samples(tmp_path):
    ledger(tmp_path, "j")
    families = {
        family.name: family for family in text_string_to_metric_families(prometheus_text(runs_of(tmp_path)))
    }
    assert families["wattshed_energy_joules"].type == "counter"
    assert all(family.documentation and family.type != "unknown" for family in families.values())


def test_what_is_unknown_has_no_sample_and_never_a_zero(tmp_path):
    ledger(tmp_path, "j")
    text = prometheus_text(runs_of(tmp_path, None))
    assert values(text, "wattshed_co2e_kilograms") == []
    assert not any(dict(labels).get("component") == "gpu" for _, labels in samples(text))


def test_a_killed_run_says_that_its_energy_is_a_lower_bound(tmp_path):
    ledger(tmp_path, "j", ended=False)
    text = prometheus_text(runs_of(tmp_path))
    assert values(text, "wattshed_truncated") == values(text, "wattshed_lower_bound") == [1]


def test_a_run_without_its_gpu_says_that_its_energy_is_a_lower_bound(tmp_path):
    ledger(tmp_path, "whole")
    runs = runs_of(tmp_path)
    assert values(prometheus_text(runs), "wattshed_lower_bound") == [0]
    assert values(prometheus_text(runs.assign(gpu_unread=True)), "wattshed_lower_bound") == [1]


def test_a_sum_without_parts_is_one_sample(tmp_path):
    write(tmp_path / "a.csv", row("a", cpu_energy="", ram_energy="", gpu_energy=""))
    assert values(prometheus_text(runs_of(tmp_path)), "wattshed_energy_joules_total") == pytest.approx(
        [0.4115 * 3.6e6]
    )


def test_runs_of_one_name_are_series_of_their_own(tmp_path):
    for minute in (0, 5, 10):
        ledger(tmp_path, "j", minute=minute)
    assert len(values(prometheus_text(runs_of(tmp_path)), "wattshed_duration_seconds")) == 3


@given(st.text())
def test_any_text_comes_back_from_a_label(text):
    made = f'x{{a="{_escaped(text)}"}} 1.0\n'
    (family,) = text_string_to_metric_families(made)
    assert family.samples[0].labels["a"] == text.encode("utf-8", "replace").decode()


def test_the_file_is_written_whole_and_in_place_of_the_former_one(tmp_path):
    ledger(tmp_path / "in", "j")
    path = tmp_path / "textfiles" / "w.prom"
    for _ in range(2):
        write_prometheus(runs_of(tmp_path / "in"), path)
    assert [entry.name for entry in path.parent.iterdir()] == ["w.prom"]
    assert path.stat().st_mode & 0o444 == 0o444
    assert path.read_text().endswith("\n")


@pytest.mark.parametrize("name", ["folder", "file/w.prom"])
def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path, name):
    ledger(tmp_path / "in", "j")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match=r"is a folder|cannot be written"):
        write_prometheus(runs_of(tmp_path / "in"), tmp_path / name)
