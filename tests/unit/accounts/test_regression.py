"""The guard: what it catches, what it lets pass, and what it refuses to compare."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from guarded_records import MACHINE, changed, frames, with_forecasts
from wattshed.accounts.guard.baseline import read_baseline, write_baseline
from wattshed.accounts.guard.from_frames import record_of
from wattshed.accounts.guard.trials import alarm_share
from wattshed.accounts.guard.verdicts import compare, guard
from wattshed.foundation.faults import Fault
from wattshed.statistics.levels import ALPHA

SEEDS = (1, 2, 3, 4)


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "baseline.json"
    guard(frames(), path, update=True)
    return path


def test_it_catches_a_rise_of_five_percent_and_seldom_cries_for_nothing():
    """The promise at n = 10 runs a side and 3 % noise per measurement, over 2,000 simulated comparisons each."""
    assert alarm_share(rise=0.0, trials=2000) <= 0.05
    assert alarm_share(rise=0.05, trials=2000) >= 0.90


def test_a_family_of_models_cries_no_oftener_than_one():
    assert alarm_share(rise=0.0, trials=600, models=5, random_seed=1) <= 0.06


def test_a_machine_that_was_slower_for_a_whole_run_is_not_taken_for_many_proofs():
    shaken = {"rise": 0.0, "trials": 600, "seeds": 5, "epochs": 10, "run_noise": 0.03, "random_seed": 2}
    assert alarm_share(**shaken) <= 0.05


def test_one_run_a_side_seldom_cries_where_runs_differ_as_wholes():
    """As on a virtual machine: whole runs of identical work differ by 5 %."""
    shaken = {"trials": 1000, "seeds": 1, "epochs": 10, "run_noise": 0.05, "random_seed": 3}
    assert alarm_share(rise=0.0, **shaken) <= 0.05
    assert alarm_share(rise=0.4, **shaken) >= 0.90


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_few_runs_a_side_seldom_cry_either(seeds):
    shaken = {"trials": 1000, "seeds": seeds, "epochs": 10, "run_noise": 0.05, "random_seed": 4}
    assert alarm_share(rise=0.0, **shaken) <= 0.05
    assert alarm_share(rise=0.6, **shaken) >= 0.90


def test_the_same_again_holds(stored):
    report = guard(frames(random_seed=1), stored)
    assert (report.regressed, report.too_few, report.exit_code) == (False, False, 0)
    energy, parameters = report.verdicts
    assert (energy.quantity, energy.n, energy.outcome) == ("energy per epoch", 10, "held")
    assert energy.low < energy.change_percent < energy.high
    assert "has not risen" in energy.sentence
    assert parameters.sentence == "stgnn: parameter count is the same: 1,000 after 1,000."


def test_a_rise_is_told_with_its_interval(tmp_path):
    path = tmp_path / "seeds.json"
    guard(frames(seeds=SEEDS), path, update=True)
    report = guard(frames(rise=0.05, random_seed=1, seeds=SEEDS), path)
    assert (report.regressed, report.exit_code) == (True, 1)
    verdict = report.verdicts[0]
    assert verdict.regressed
    assert verdict.low <= 5.0 <= verdict.high
    assert verdict.p_value < ALPHA
    assert report.lines()[0].startswith("stgnn: energy per epoch has risen: +")
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["verdicts"][0]["regressed"] is True


@pytest.mark.parametrize(
    ("rise", "outcome", "exit_code"), [(0.0, "held", 0), (0.05, "too few", 3), (0.25, "regressed", 1)]
)
def test_one_run_a_side_proves_no_more_than_whole_runs_can_show(stored, rise, outcome, exit_code):
    """Ten epochs of one run agree with one another, and yet the run as a whole may have been slower by some percent."""
    report = guard(frames(rise=rise, random_seed=1), stored)
    assert (report.verdicts[0].outcome, report.exit_code) == (outcome, exit_code)
    assert "1 run a side cannot show how whole runs differ, taken as 5 %" in report.verdicts[0].sentence
    assert ("; measure 3 or more seeds" in report.verdicts[0].sentence) == (outcome == "too few")


def test_an_undecided_rise_is_not_hidden_by_another_quantity(tmp_path):
    path = tmp_path / "both.json"
    guard(with_forecasts(frames(), 1e-9, 6), path, update=True)
    report = guard(with_forecasts(frames(rise=0.05, random_seed=1), 1e-9, 6), path)
    assert [verdict.outcome for verdict in report.verdicts][:2] == ["too few", "held"]
    assert report.exit_code == 3


def test_a_machine_whose_runs_do_not_differ_may_say_so(stored):
    risen = frames(rise=0.05, random_seed=1)
    assert guard(risen, stored, run_spread_percent=1.0).exit_code == 1
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(Fault, match="the run spread is"):
            guard(risen, stored, run_spread_percent=wrong)


def test_a_fall_is_no_regression(stored):
    assert not guard(frames(rise=-0.2, random_seed=1, parameters=900), stored).regressed


def test_any_further_parameter_is_a_regression(stored):
    report = guard(frames(random_seed=1, parameters=1001), stored)
    assert [verdict.quantity for verdict in report.verdicts if verdict.regressed] == ["parameters"]
    assert "parameter count has risen: 1,001 after 1,000" in report.lines()[0]


def test_only_the_model_that_rose_is_blamed():
    before = record_of(*frames(("a", "b", "c"), seeds=SEEDS))
    dearer = frames(("b",), rise=0.1, random_seed=1, seeds=SEEDS)
    same = frames(("a", "c"), random_seed=2, seeds=SEEDS)
    now = record_of(*(pd.concat(parts, ignore_index=True) for parts in zip(same, dearer, strict=True)))
    assert [verdict.model for verdict in compare(before, now) if verdict.regressed] == ["b"]


def test_net_energy_can_be_asked_for_and_must_then_be_known(stored):
    dearer = changed(frames(), net_kwh=frames()[1]["net_kwh"] * 1.3)
    assert not guard(dearer, stored).regressed
    report = guard(dearer, stored, energy="net")
    assert report.regressed
    assert report.verdicts[0].quantity == "net energy per epoch"
    with pytest.raises(Fault, match="has no net energy above 0"):
        guard(changed(frames(), net_kwh=np.nan), stored, energy="net")


def test_warm_up_is_left_out_in_every_attempt(stored):
    """Resumed after epoch 5: epoch 6 warms up again, and the repeated epoch 5 counts once."""
    runs, windows = frames()
    resumed = windows["epoch"] >= 5
    again = windows[resumed].assign(attempt=2)
    windows = pd.concat([windows[windows["epoch"] <= 5], again], ignore_index=True)
    record = record_of(runs, windows).models["stgnn"]
    assert [energy.number for energy in record.epochs] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    windows.loc[(windows["attempt"] == 2) & (windows["epoch"] == 5), "energy_kwh"] *= 100
    assert not guard((runs, windows), stored).regressed


def test_repeats_are_divided_out(stored):
    source = frames()
    twice = changed(source, repeats=2, energy_kwh=2 * source[1]["energy_kwh"])
    assert guard(twice, stored).verdicts[0].change_percent == pytest.approx(0, abs=1e-9)


def test_energies_without_a_partner_are_named(stored):
    report = guard(frames(seeds=(1, 2), epochs=9, random_seed=1), stored)
    sentence = report.verdicts[0].sentence
    assert "n = 8 pairs" in sentence
    assert "seed 1 epoch 10 only in the baseline" in sentence
    assert "seed 2 epoch 2 only in the ledgers" in sentence
    assert "and 5 more" in sentence


def test_too_few_pairs_decide_nothing(tmp_path):
    path = tmp_path / "few.json"
    guard(frames(epochs=4), path, update=True)
    report = guard(frames(epochs=4, rise=1.0), path)
    assert (report.regressed, report.too_few, report.exit_code) == (False, True, 3)
    assert "cannot be judged: 3 usable pairs, expected at least 4" in report.lines()[0]
    assert guard(frames(epochs=4, parameters=2000), path).exit_code == 1


def test_forecasts_are_compared_beside_epochs(tmp_path):
    path = tmp_path / "both.json"
    guard(with_forecasts(frames(), 1e-9, 4), path, update=True)
    assert read_baseline(path).models["stgnn"].forecasts[0].kwh == pytest.approx(1e-9)
    report = guard(with_forecasts(frames(random_seed=1), 1.3e-9, 4), path)
    assert [v.quantity for v in report.verdicts if v.regressed] == ["energy per forecast"]


def test_few_forecasts_do_not_hide_that_epochs_were_judged(tmp_path):
    path = tmp_path / "both.json"
    guard(with_forecasts(frames(), 1e-9, 3), path, update=True)
    report = guard(with_forecasts(frames(random_seed=1), 1e-9, 3), path)
    assert [verdict.outcome for verdict in report.verdicts] == ["held", "too few", "held"]
    assert report.exit_code == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stored: stored.update(machine=5),
        lambda stored: stored.update(machine=[{}]),
        lambda stored: stored["models"]["stgnn"]["epochs"][0].update(kwh=True),
        lambda stored: stored["models"]["stgnn"]["epochs"][0].update(kwh=1e308),
        lambda stored: stored["models"]["stgnn"]["epochs"][0].update(machine_kwh=True),
        lambda stored: stored["models"]["stgnn"]["epochs"][0].update(kwh="1e-5"),
    ],
)
def test_a_baseline_with_impossible_values_is_refused(stored, spoil):
    content = json.loads(stored.read_text())
    spoil(content)
    stored.write_text(json.dumps(content))
    with pytest.raises(Fault, match="is not a baseline of this version"):
        guard(frames(random_seed=1), stored)


def test_models_on_one_side_only_are_named(tmp_path):
    path = tmp_path / "baseline.json"
    guard(frames(("a", "b")), path, update=True)
    report = guard(frames(("b", "c"), random_seed=1), path)
    assert report.notes == [
        "a is in the baseline only.",
        "c is not in the baseline: nothing to compare it with.",
    ]
    with pytest.raises(Fault, match="knows a, b and the ledgers d: expected a model in both"):
        guard(frames(("d",)), path)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"cpu_status": "measured"}, "stgnn's cpu energy is 'measured' and was 'estimated'"),
        ({"cpu_source": "another model"}, "stgnn's cpu source is 'another model' and was 'a model of cpu'"),
    ],
)
def test_other_sensors_are_not_compared_unless_allowed(stored, columns, why):
    with pytest.raises(Fault, match=rf"not comparable \({why}\)"):
        guard(changed(frames(), **columns), stored)
    assert guard(changed(frames(), **columns), stored, allow_other_machine=True).exit_code == 0


def test_a_missing_part_may_be_missing_for_another_reason(stored):
    assert guard(changed(frames(random_seed=1), gpu_source="no device"), stored).exit_code == 0


@pytest.mark.parametrize(
    "machine",
    [
        {"processor": "Other CPU"},
        {"logical_cores": 4},
        {"memory_gib": 48.0},
        {"gpus": [{"name": "GPU", "power_limit_w": 300.0}]},
    ],
)
def test_another_machine_is_not_compared_unless_allowed(stored, machine):
    runs, windows = frames(random_seed=1)
    runs = runs.assign(machine=json.dumps({**MACHINE, **machine}))
    with pytest.raises(Fault, match=f"not comparable .{next(iter(machine))} is"):
        guard((runs, windows), stored)
    assert guard((runs, windows), stored, allow_other_machine=True).exit_code == 0


def test_another_host_of_the_same_kind_is_comparable(stored):
    runs, windows = frames(random_seed=1)
    runs = runs.assign(machine=json.dumps({**MACHINE, "host": "runner-8", "memory_gib": 24.0}))
    assert guard((runs, windows), stored).exit_code == 0


def test_ledgers_of_two_machines_are_no_measurement():
    runs, windows = frames(seeds=(1, 2))
    runs.loc[1, "machine"] = json.dumps({**MACHINE, "processor": "Other CPU"})
    with pytest.raises(Fault, match="come from several machines"):
        record_of(runs, windows)


@pytest.mark.parametrize("kwh", [0.0, -1e-6])
def test_an_energy_of_nothing_is_a_fault(kwh):
    runs, windows = frames()
    windows.loc[windows["epoch"] == 7, "energy_kwh"] = kwh
    with pytest.raises(Fault, match="stgnn, seed 1, epoch 7 has no energy to compare"):
        record_of(runs, windows)


@pytest.mark.parametrize(("epochs", "some"), [(range(1, 12), ""), ([7], "1 of ")])
def test_a_model_of_unknown_energy_is_named_and_not_compared(tmp_path, epochs, some):
    """The types are those of the accounts, in which an unknown energy is ``pd.NA``."""
    runs, windows = frames(("stgnn", "dlinear"))
    windows = windows.astype({"energy_kwh": "Float64"})
    windows.loc[(windows["model"] == "dlinear") & windows["epoch"].isin(epochs), "energy_kwh"] = pd.NA
    note = f"dlinear: energy of {some}its epochs is unknown, not compared."
    path = tmp_path / "baseline.json"
    assert guard((runs, windows), path, update=True).lines()[1:] == [note]
    report = guard((runs, windows), path)
    assert (report.lines()[-1], report.exit_code) == (note, 0)
    assert [(verdict.model, verdict.quantity) for verdict in report.verdicts] == [
        ("stgnn", "energy per epoch"),
        ("stgnn", "parameters"),
        ("dlinear", "parameters"),
    ]


def test_a_model_whose_energy_has_become_unknown_is_not_passed(tmp_path):
    path = tmp_path / "baseline.json"
    guard(frames(("stgnn", "dlinear")), path, update=True)
    runs, windows = frames(("stgnn", "dlinear"))
    windows.loc[windows["model"] == "dlinear", "energy_kwh"] = None
    report = guard((runs, windows), path)
    assert report.exit_code == 3
    assert any(
        "dlinear: energy per epoch cannot be judged: 0 usable pairs" in line for line in report.lines()
    )


def test_ledgers_without_any_known_energy_are_refused():
    runs, windows = frames()
    with pytest.raises(
        Fault, match=r"no known energy .stgnn: energy of its epochs is unknown.: expected one"
    ):
        record_of(runs, windows.assign(energy_kwh=None))


def test_jobs_that_shared_their_machine_are_refused():
    runs, windows = frames()
    with pytest.raises(Fault, match="train_stgnn-1 ran beside train_gru-1 on one machine"):
        record_of(runs.assign(overlaps="train_gru-1"), windows)


def test_a_model_trained_twice_with_one_seed_is_ambiguous():
    runs, windows = frames()
    for other in ("train_stgnn-1", "another_study"):
        twice = pd.concat([windows, windows.assign(job=other)], ignore_index=True)
        with pytest.raises(Fault, match="stgnn was trained more than once with one seed"):
            record_of(runs, twice)


def test_ledgers_without_epochs_or_forecasts_are_refused():
    runs, windows = frames()
    for empty in (windows.assign(window="fit"), windows.assign(model=None)):
        with pytest.raises(Fault, match="hold no epoch and no forecast of a named model"):
            record_of(runs, empty)


def test_a_baseline_survives_the_disk(tmp_path):
    record = record_of(*with_forecasts(frames(("a", "b"), seeds=(1, 2)), 1e-9, 2))
    write_baseline(tmp_path / "baseline.json", record)
    assert read_baseline(tmp_path / "baseline.json") == record
    assert (record.commit, record.dirty) == ("0123abcd", False)


def test_only_an_update_writes(tmp_path, stored):
    before = stored.read_bytes()
    guard(frames(rise=0.5), stored)
    assert stored.read_bytes() == before
    report = guard(frames(rise=0.5), stored, update=True)
    assert report.lines() == [f"wrote {stored}: 1 models, 10 epochs."]
    assert not guard(frames(rise=0.5), stored).regressed
    with pytest.raises(Fault, match=r"does not exist: expected a baseline .* --update"):
        guard(frames(), tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[]", "its schema is None"),
        ('{"schema": 9}', "its schema is 9, expected 2"),
        ('{"schema": 2}', "KeyError: 'models'"),
        ('{"schema": 2, "models": {"a": {"epochs": [{"seed": 1}], "forecasts": []}}}', "TypeError"),
        (
            '{"schema": 2, "models": {"a": {"epochs": [{"seed": 1, "number": 2, "kwh": 0}], "forecasts": []}}}',
            "energy of seed 1, number 2 is 0 kWh",
        ),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path, text, why):
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(Fault, match=f"baseline.json is not a baseline of this version .*{why}"):
        guard(frames(), path)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_impossible_level_is_refused(stored, alpha):
    with pytest.raises(Fault, match="expected a share of false alarms"):
        guard(frames(), stored, alpha=alpha)


def test_models_without_a_parameter_count_on_one_side_are_named(stored):
    report = guard(changed(frames(random_seed=1), value_parameters=np.nan), stored)
    assert [verdict.quantity for verdict in report.verdicts] == ["energy per epoch"]
    assert report.notes == ["stgnn: parameter counts are not known on both sides."]


def test_runs_without_a_seed_are_paired_by_their_number(tmp_path):
    path = tmp_path / "baseline.json"
    guard(changed(frames(), seed=pd.array([pd.NA] * 11, dtype="Int64")), path, update=True)
    report = guard(changed(frames(random_seed=1), seed=pd.array([pd.NA] * 11, dtype="Int64")), path)
    assert report.verdicts[0].n == 10


def test_equal_records_have_changed_by_nothing():
    record = record_of(*frames())
    (verdict, _) = compare(record, dataclasses.replace(record))
    assert (verdict.change_percent, verdict.p_value, verdict.outcome) == (0.0, 0.5, "held")
