"""Keys of the source ``table`` that contradict each other are refused when the configuration is read."""

import pytest
import yaml
from pydantic import ValidationError

from wattshed.config.study import load_study
from wattshed.data.sources.table import SOURCE, Settings
from wattshed.data.sources.table_paths import expand
from wattshed.foundation.faults import Fault


def said(**keys):
    with pytest.raises(ValidationError) as error:
        Settings(**{"path": "a.csv"} | keys)
    return error.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"path": []}, "path is empty"),
        ({"path": " "}, "path is empty"),
        ({"hour_column": "h", "period_column": "p"}, "hour_column and period_column are set"),
        (
            {"first_time": "2021-01-01", "resolution": "1h", "time_column": "t"},
            "first_time and time_column are set",
        ),
        (
            {"first_time": "2021-01-01", "resolution": "1h", "hour_column": "t"},
            "first_time and hour_column are set",
        ),
        ({"first_time": "2021-01-01"}, "first_time is set without resolution"),
        ({"first_time": "2021-01-01", "resolution": "1h", "form": "long"}, "first_time and form long"),
        ({"form": "wide", "node_column": "n"}, "node_column and form wide are set"),
        ({"form": "wide", "value_column": "n"}, "value_column and form wide are set"),
        ({"form": "long", "columns": ["n"]}, "columns and form long are set"),
        ({"form": "series", "columns": ["n"]}, "columns and form series are set"),
        ({"form": "long", "node_pattern": "(n)"}, "node_pattern and form long are set"),
        ({"form": "days", "hour_column": "h"}, "hour_column and form days are set"),
        ({"columns": ["a"], "value_column": "b"}, "columns names the nodes of a wide table"),
        ({"node_pattern": "("}, "node_pattern is not a regular expression"),
        ({"node_pattern": "house"}, "node_pattern has 0 groups"),
        ({"node_pattern": "(a)(b)"}, "node_pattern has 2 groups"),
        ({"time_column": []}, "time_column names no column"),
        ({"time_column": ["a", "a"]}, "or one twice"),
        ({"time_format": "YYYY-MM-DD"}, "time_format is 'YYYY-MM-DD'"),
        ({"dst": "doubled"}, "dst is doubled and the file's clock UTC never changes"),
        ({"dst": "skipped", "times_in": "+01:00", "timezone": "Europe/Madrid"}, "the file's clock +01:00"),
        ({"times_in": "Mars/Olympus"}, "unknown clock"),
        ({"separator": ""}, "separator is ''"),
        ({"separator": "ab"}, "separator is 'ab'"),
        ({"separator": '"'}, "expected one sign"),
        ({"decimal": ",", "thousands": ","}, "thousands is ','"),
        ({"thousands": "1"}, "thousands is '1'"),
        ({"encoding": "utf8000"}, "encoding 'utf8000' is not known"),
        ({"resolution": "hourly"}, "resolution is 'hourly'"),
        ({"resolution": "1d"}, "resolution is 24 h and the step 1 h"),
        ({"resolution": "30min", "step_minutes": 15}, "resolution is 30 min and the step 15 min"),
        ({"resolution": "7min"}, "does not divide the step of 1 h"),
        ({"resolution": "15min", "unit": "mph"}, "expected quantity"),
        ({"resolution": "30s", "period_column": "p"}, "expected whole minutes"),
        ({"resolution": "irregular"}, "resolution is irregular and quantity is energy (unit kWh)"),
        ({"resolution": "irregular", "quantity": "register"}, "quantity is register"),
        ({"resolution": "irregular", "unit": "mph"}, "quantity is not set"),
        ({"resolution": "irregular", "unit": "W", "hour_column": "h"}, "irregular and hour_column"),
        ({"resolution": "irregular", "unit": "W", "stamp": "end"}, "irregular and stamp is end"),
        (
            {"resolution": "irregular", "unit": "W", "dst": "none"},
            "irregular and dst",
        ),
        ({"quantity": "power"}, "quantity is power and unit kWh is one of energy"),
        ({"quantity": "energy", "unit": "kW"}, "quantity is energy and unit kW is one of power"),
        ({"quantity": "register", "unit": "W"}, "quantity is register and unit W"),
        ({"panel_unit": "mph"}, "'mph' is not a unit of energy or power"),
        ({"unit": "mph", "panel_unit": "kWh"}, "'mph' is not a unit of energy or power"),
        ({"unit": "mW", "panel_unit": "kWh"}, "'mW' is not a unit of energy or power"),
        ({"quantity": "level", "unit": "kWh", "panel_unit": "kW"}, "a level is not turned into energy"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(keys, says):
    assert says in said(**keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"resolution": "15min"},
        {"resolution": "15min", "unit": "mph", "quantity": "level", "step_minutes": 15},
        {"resolution": "irregular", "unit": "W", "panel_unit": "kWh"},
        {"first_time": "2021-01-01", "resolution": "1h", "columns": ["load"]},
        {"unit": "W", "panel_unit": "kWh", "quantity": "power"},
        {"quantity": "register", "panel_unit": "MWh"},
        {"dst": "doubled", "timezone": "Europe/Lisbon"},
        {"dst": "none"},
        {"separator": "\t", "decimal": ",", "thousands": "."},
        {"time_column": ["date", "time"], "form": "wide", "exclude": ["weather*"]},
        {"missing": [-9999, "Null"]},
    ],
)
def test_keys_that_agree_are_read_and_read_again(keys):
    settings = Settings(path="a.csv", **keys)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_a_pattern_names_files_in_order_and_itself_where_none_matches(tmp_path, monkeypatch):
    for name in ("b.csv", "a.csv", "notes.txt", "in/c.csv", "[x].csv"):
        path = tmp_path / "homes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.chdir(tmp_path)
    assert expand("homes/[ab].csv") == ["homes/a.csv", "homes/b.csv"]
    assert expand("homes/**/c.csv") == ["homes/in/c.csv"]
    assert expand("homes/[x].csv") == ["homes/[x].csv"]
    assert expand(["homes/b.csv", "homes/?.csv", "none*.csv"]) == ["homes/b.csv", "homes/a.csv", "none*.csv"]
    assert expand("?.csv", tmp_path / "homes") == ["a.csv", "b.csv"]
    assert SOURCE.files(Settings(path="homes/?.csv")) == {"table": ["homes/a.csv", "homes/b.csv"]}
    assert SOURCE.files(Settings(path="homes/a.*")) == {"table": "homes/a.csv"}


def test_yaml_makes_nothing_of_null_and_numbers_of_names():
    written = yaml.safe_load(
        '{missing: [Null, "-", -9999, .nan], form: wide, columns: [26, 27], rows: {zone: [5, a]}}'
    )
    read = Settings(path="a.csv", **written)
    assert read.missing == ["null", "-", -9999, "nan"]
    assert read.columns == ["26", "27"]
    assert read.rows == {"zone": ["5", "a"]}


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("missing", [True], "data.source.missing.0: expected a text or a number; write a text such as no"),
        ("missing", [{"a": 1}], "data.source.missing.0: expected a text or a number"),
        ("rows", {"id": [5.5]}, "data.source.rows.id.0: "),
        ("path", 5, "data.source.path: "),
        ("path", {"a": 1}, "data.source.path: "),
        ("time_column", True, "data.source.time_column: "),
    ],
)
def test_the_place_of_a_wrong_value_is_the_path_in_the_users_file(key, value, place, root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    config["data"]["source"] = {"kind": "table", "path": "a.csv", key: value}
    with pytest.raises(Fault) as fault:
        load_study(config)
    assert place in str(fault.value)
    assert "function-before" not in str(fault.value)
    assert ".str" not in str(fault.value)
