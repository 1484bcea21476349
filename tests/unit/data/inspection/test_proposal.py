"""The block that inspect proposes for tables of no public layout: decided by what the file shows, else asked for."""

import numpy as np
import pandas as pd
import pytest

from layouts.truth import AMERICA, EUROPE, comma
from own_tables import hourly, months, wide, write
from wattshed.data.inspection.evidence import sample as sampling
from wattshed.data.inspection.evidence.sample import read_sample
from wattshed.data.inspection.proposal import propose
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def proposed(table, folder, given=None, name="load.csv", **keys):
    path = write(table, folder / name, **keys)
    return propose([path], str(path), given or {})


def undecided(proposal):
    return {choice.key: [value for value, _ in choice.others] for choice in proposal.undecided}


def test_changes_of_the_clock_show_the_zone_and_the_stamps(tmp_path):
    """Unambiguous by the day's first and last label; Berlin's clock is that of Madrid."""
    for late, stamp in ((0, "start"), (60, "end")):
        fine = hourly()
        block = proposed(wide(fine, "Europe/Madrid", late=late), tmp_path, {"unit": "kWh"}).block
        assert (block["timezone"], block["stamp"]) == ("Europe/Berlin", stamp)
        panel = load_panel(Settings(**block), tmp_path)
        observed = panel.values[panel.observed.all(axis=1)]
        assert np.allclose(observed, fine.to_numpy(), rtol=1e-6)


def test_zones_with_equal_local_changes_are_asked_for(tmp_path):
    table = wide(hourly("America/Chicago", AMERICA), "America/Chicago")
    asked = undecided(proposed(table, tmp_path, {"unit": "kWh"}))
    assert {"America/New_York", "America/Chicago", "America/Los_Angeles"} <= set(asked["timezone"])
    assert asked.keys() == {"timezone"}


def test_the_zone_shows_the_stamps_of_a_file_cut_in_the_middle_of_a_day(tmp_path):
    fine = hourly().iloc[5:-7]
    for late, stamp in ((0, "start"), (60, "end")):
        table = wide(fine, "Europe/Madrid", late=late)
        asked = undecided(proposed(table, tmp_path, {"unit": "kWh"}))
        assert asked.keys() == {"stamp", "timezone"}
        block = proposed(table, tmp_path, {"unit": "kWh", "timezone": "Europe/Madrid"}).block
        assert block["stamp"] == stamp


def test_24_hours_on_every_day_leave_the_clock_open(tmp_path):
    asked = undecided(
        proposed(wide(hourly("UTC"), "UTC"), tmp_path, {"unit": "kWh", "timezone": "Europe/Madrid"})
    )
    assert asked.keys() == {"times_in"}
    assert "UTC" in asked["times_in"]
    given = {"unit": "kWh", "timezone": "Europe/Madrid", "times_in": "UTC"}
    assert not undecided(proposed(wide(hourly("UTC"), "UTC"), tmp_path, given))


def test_a_name_says_that_times_are_in_utc(tmp_path):
    table = wide(hourly("UTC"), "UTC", name="utc_timestamp")
    proposal = proposed(table, tmp_path, {"unit": "kWh", "timezone": "Europe/Madrid"})
    assert proposal.block["times_in"] == "UTC"
    assert not proposal.undecided


@pytest.mark.parametrize("dst", ["doubled", "skipped"])
def test_hours_of_zero_and_of_twice_the_size_show_a_file_of_24_hours(dst, tmp_path):
    fine = hourly()
    local = fine.index.tz_convert("Europe/Madrid").tz_localize(None)
    each = fine.groupby(local).sum() if dst == "doubled" else fine.groupby(local).first()
    every = each.index.union(pd.date_range("2021-03-28 02:00", periods=1))
    table = each.reindex(every, fill_value=0.0).rename_axis("time").reset_index()
    proposal = proposed(table, tmp_path, {"unit": "kWh", "stamp": "start"})
    assert proposal.block["dst"] == dst
    assert proposal.block["timezone"] == "Europe/Berlin"


def test_offsets_show_the_zone(tmp_path):
    fine = hourly("America/Chicago", AMERICA)
    table = fine.reset_index(drop=True)
    table.insert(0, "time", [time.isoformat() for time in fine.index.tz_convert("America/Chicago")])
    proposal = proposed(table, tmp_path, {"unit": "kWh"})
    assert proposal.block["timezone"] == "America/Chicago"
    assert not proposal.undecided


@pytest.mark.parametrize(
    ("zone", "asked"), [("Asia/Kolkata", False), ("UTC", False), ("+05:30", False), (None, True)]
)
def test_how_hours_are_counted_is_asked_only_where_it_matters(zone, asked, tmp_path):
    times = pd.date_range("2021-01-01", periods=24 * 8, freq="h")
    load = np.random.default_rng(0).uniform(1, 2, len(times)).round(3)
    table = pd.DataFrame({"date": times.strftime("%Y-%m-%d"), "HE": times.hour + 1, "kWh": load})
    given = {} if zone is None else {"timezone": "Asia/Kolkata", "times_in": zone}
    assert ("hour_numbers" in undecided(proposed(table, tmp_path, given))) is asked


def test_hours_of_a_day_are_found_by_their_numbers(tmp_path):
    fine = hourly()
    local = fine.index.tz_convert("Europe/Madrid").tz_localize(None)
    number = pd.Series(1, index=range(len(local))).groupby(local.normalize()).cumsum()
    table = pd.DataFrame({"date": local.strftime("%d/%m/%Y"), "n": number, "kWh": fine["a"].to_numpy()})
    proposal = proposed(table, tmp_path)
    assert (proposal.block["time_column"], proposal.block["hour_column"]) == ("date", "n")
    assert undecided(proposal).keys() == {"timezone"}
    block = {**proposal.block, "timezone": "Europe/Madrid"}
    assert load_panel(Settings(**block), tmp_path).observed.sum() == len(fine)


def test_totals_forecasts_and_texts_are_left_out(tmp_path):
    table = wide(hourly(nodes=("north", "south", "west")), "Europe/Madrid")
    table["region sum"] = table[["north", "south", "west"]].sum(axis=1).round(3)
    table["Load forecast"] = 1.5
    table["state"] = "ok"
    block = proposed(table, tmp_path, {"unit": "kWh"}).block
    assert set(block["exclude"]) == {"region sum", "Load forecast", "state"}


def test_sentinels_and_texts_are_listed_as_missing(tmp_path):
    table = wide(hourly(), "Europe/Madrid").astype({"a": object})
    table.loc[3:9, "a"] = -9999
    table.loc[20:22, "a"] = "off"
    proposal = proposed(table, tmp_path, {"unit": "kWh"})
    assert proposal.block["missing"] == ["off", -9999]
    panel = load_panel(Settings(**proposal.block), tmp_path)
    assert panel.values[panel.observed].min() > 0
    assert [one.topic for one in proposal.findings if one.warns] == ["not numbers", "suspicious"]


def test_readings_that_only_rise_are_a_register(tmp_path):
    fine = hourly().cumsum().round(3)
    block = proposed(wide(fine, "Europe/Madrid"), tmp_path, {"unit": "kWh"}).block
    assert block["quantity"] == "register"
    table = wide(hourly(), "Europe/Madrid")
    assert "quantity" not in proposed(table, tmp_path, {"unit": "kWh"}).block


@pytest.mark.parametrize(("unit", "panel_unit"), [("kW", "kWh"), ("MW", "MWh"), ("kWh", None)])
def test_power_becomes_energy(unit, panel_unit, tmp_path):
    table = wide(hourly(nodes=(f"home [{unit}]",)), "Europe/Madrid")
    block = proposed(table, tmp_path).block
    assert block["unit"] == unit
    assert block.get("panel_unit") == panel_unit


def test_a_unit_that_no_name_states_is_asked_for(tmp_path):
    assert undecided(proposed(wide(hourly(), "Europe/Madrid"), tmp_path)).keys() == {"unit"}


def test_a_decimal_sign_that_could_divide_thousands_is_asked_for(tmp_path):
    fine = hourly() + 1
    table = wide(fine, "Europe/Madrid")
    for node in fine:
        table[node] = [comma(value) for value in fine[node]]
    asked = undecided(proposed(table, tmp_path, {"unit": "kWh"}, sep=";"))
    assert asked.keys() == {"decimal"}
    given = {"unit": "kWh", "decimal": ","}
    panel = load_panel(Settings(**proposed(table, tmp_path, given, sep=";").block), tmp_path)
    assert np.allclose(panel.values[panel.observed.all(axis=1)], fine, rtol=1e-6)


def test_files_of_the_same_time_are_nodes_and_files_in_turn_are_one_table(tmp_path):
    fine = hourly(nodes=("kWh",))
    for name in ("x", "y"):
        write(wide(fine, "Europe/Madrid"), tmp_path / f"{name}.csv")
    both = propose([tmp_path / "x.csv", tmp_path / "y.csv"], str(tmp_path / "?.csv"), {})
    assert (both.block["form"], both.block["value_column"]) == ("series", "kWh")
    half = len(fine) // 2
    for name, part in (("x", fine.iloc[:half]), ("y", fine.iloc[half:])):
        write(wide(part, "Europe/Madrid"), tmp_path / f"{name}.csv")
    turn = propose([tmp_path / "x.csv", tmp_path / "y.csv"], str(tmp_path / "?.csv"), {})
    assert turn.block["form"] == "wide"
    assert turn.block["timezone"] == "Europe/Berlin"


def test_notes_above_the_header_and_an_encoding_are_found(tmp_path):
    path = tmp_path / "load.csv"
    text = "Zähler im Norden\n\n" + wide(hourly(nodes=("Müller",)), "Europe/Madrid").to_csv(index=False)
    path.write_bytes(text.encode("cp1252"))
    block = propose([path], str(path), {"unit": "kWh"}).block
    assert (block["encoding"], block["skip_rows"] > 0) == ("cp1252", True)
    assert load_panel(Settings(**block), tmp_path).node_names == ["Müller"]


def test_parquet_is_looked_at_as_well(tmp_path):
    fine = hourly()
    table = fine.rename_axis("time").reset_index()
    table.to_parquet(tmp_path / "load.parquet")
    proposal = propose(
        [tmp_path / "load.parquet"], str(tmp_path / "load.parquet"), {"unit": "kWh", "timezone": "UTC"}
    )
    panel = load_panel(Settings(**proposal.block), tmp_path)
    assert panel.observed.sum() == fine.size


def test_large_files_are_looked_at_in_part(tmp_path):
    path = write(pd.concat([months(12)] * 3), tmp_path / "load.csv")
    sample = read_sample(path, {}, most_cells=8000)
    assert not sample.whole
    assert sample.rows == 2000
    assert read_sample(path, {}).whole


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,age\nann,3\nbob,4\n", "holds times"),
        ("a,b\nx,y\n", "holds numbers"),
        ("2021-01-01 00:00,1.5\n2021-01-01 01:00,2.5\n", "has no header"),
        ("time\n2021-01-01\n", "has one column"),
        ('{"a": 1}', "a JSON document"),
        ("<!DOCTYPE html><html></html>", "a web page"),
        ("%PDF-1.7 x", "a PDF"),
        ("", "is empty"),
    ],
)
def test_what_is_not_a_table_of_readings_is_refused_in_one_sentence(text, says, tmp_path):
    path = tmp_path / "load.csv"
    path.write_text(text)
    with pytest.raises(Fault, match=says) as fault:
        propose([path], str(path), {})
    assert "\n" not in str(fault.value)


def test_what_the_user_decides_is_kept(tmp_path):
    given = {"unit": "MW", "timezone": "Europe/London", "stamp": "end", "columns": ["a"], "step_minutes": 30}
    block = proposed(wide(hourly(), "Europe/Madrid"), tmp_path, given).block
    assert block | given == block


def test_the_days_of_changes_are_told(tmp_path):
    proposal = proposed(wide(hourly(days=EUROPE), "Europe/Madrid"), tmp_path, {"unit": "kWh"})
    (line,) = [one.says for one in proposal.findings if one.topic == "clock changes"]
    assert line == "23 h on 2021-03-28, 25 h on 2021-10-31 (days of change in Europe)"


def test_daily_readings_are_refused(tmp_path):
    table = pd.DataFrame({"date": pd.date_range("2021-01-01", periods=50).strftime("%Y-%m-%d"), "kWh": 1.5})
    with pytest.raises(Fault, match="typical spacing is 24 h, expected 1 h or less"):
        proposed(table, tmp_path)


def test_an_index_that_was_written_too_is_not_a_node(tmp_path):
    table = wide(hourly(), "Europe/Madrid")
    path = tmp_path / "load.csv"
    table.to_csv(path)
    proposal = propose([path], str(path), {"unit": "kWh"})
    assert proposal.case.roles.values == ("a", "b")
    assert load_panel(Settings(**proposal.block), tmp_path).node_names == ["a", "b"]


def test_the_clock_of_a_large_wide_file_shows_in_a_few_of_its_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_CELLS", 20_000)
    fine = hourly(
        days=(("2021-03-01", "2021-06-01"), EUROPE[1]), nodes=[f"n{number}" for number in range(60)]
    )
    proposal = proposed(wide(fine, "Europe/Madrid"), tmp_path, {"unit": "kWh"})
    assert not proposal.case.sample.whole
    assert proposal.case.line.whole
    assert "25 h on 2021-10-31" in str(proposal.findings)


def test_a_reason_names_columns_on_one_line(tmp_path):
    table = wide(hourly(nodes=("a", "b")), "Europe/Madrid")
    table["odd\x08 temp"] = 1.0
    proposal = proposed(table, tmp_path, {"unit": "kWh"})
    assert proposal.block["exclude"] == ["odd\x08 temp"]


@pytest.mark.parametrize(
    ("minutes", "resolution"), [(30, "30min"), (15, "15min"), (10, "10min"), (5, "5min")]
)
def test_periods_of_a_day_are_found_by_their_numbers(minutes, resolution, tmp_path):
    fine = hourly(nodes=("kWh",), minutes=minutes)
    local = fine.index.tz_convert("Europe/Madrid").tz_localize(None)
    number = pd.Series(1, index=range(len(local))).groupby(local.normalize()).cumsum()
    table = pd.DataFrame({"date": local.strftime("%Y-%m-%d"), "n": number, "kWh": fine["kWh"].to_numpy()})
    block = proposed(table, tmp_path, {"timezone": "Europe/Madrid", "step_minutes": 60}).block
    assert (block["period_column"], block["resolution"]) == ("n", resolution)
    panel = load_panel(Settings(**block), tmp_path)
    assert np.isclose(panel.values[panel.observed].sum(), fine.to_numpy().sum())


def test_a_change_elsewhere_asks_for_the_zone_first(tmp_path):
    """April to August has a change of Australia's clocks alone: nodes in Europe leave nothing open."""
    times = pd.date_range("2021-04-01", "2021-08-01", freq="h", inclusive="left")
    table = pd.DataFrame({"time": times.strftime("%Y-%m-%d %H:%M"), "a": np.sin(np.arange(len(times))) + 2})
    (asked,) = (one for one in proposed(table, tmp_path, {"unit": "kWh"}).undecided if one.key == "times_in")
    assert "in Australia" in asked.why
    assert "give --timezone" in asked.why
    assert not proposed(table, tmp_path, {"unit": "kWh", "timezone": "Europe/Madrid"}).undecided
