"""Columns are known by keys or usual names; two that can be meant are refused with the key that decides."""

import pytest

from user_tables import fault_of, panel_of
from wattshed.data.forms.names import plain, says_ending

TWO = ("2021-01-01 00:00", "2021-01-01 01:00")


def long_table(header, separator=","):
    rows = [separator.join((time, node, "1.5")) for time in TWO for node in ("a", "b")]
    return "\n".join([header, *rows])


@pytest.mark.parametrize(
    "header",
    [
        "time,node,value",
        "ds,unique_id,y",
        "Timestamp,Meter_ID,kWh",
        "DateTime,LCLid,KWH/hh (per half hour) ",
        "datetime,dataid,Consumption",
        " Date , Customer ,Energy [kWh]",
        "MTU (CET/CEST),Area,Load (MW)",
        "FECHA,CUPS,consumo_kWh",
    ],
)
def test_usual_names_are_known_without_case_blanks_and_brackets(tmp_path, header):
    panel = panel_of(tmp_path, long_table(header), unit="MW" if "MW" in header else "kWh")
    assert panel.node_names == ["a", "b"]
    assert panel.values.tolist() == [[1.5, 1.5]] * 2


def test_named_columns_win_over_usual_names(tmp_path):
    text = "id,time,when,node,value,reading\n" + "".join(
        f"x{hour},soon,2021-01-01 0{hour}:00,a,text,{hour}\n" for hour in range(3)
    )
    panel = panel_of(
        tmp_path, text, time_column="when", node_column="id", value_column="READING", form="long"
    )
    assert panel.node_names == ["x0", "x1", "x2"]


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("time,node,value,kWh", "value_column"),
        ("time,date,node,value", "time_column"),
        ("time,node,meter,value", "node_column"),
    ],
)
def test_two_columns_of_one_role_are_refused_with_the_key(tmp_path, header, key):
    rows = "\n".join(f"{time},1,2,3" for time in TWO)
    said = fault_of(tmp_path, f"{header}\n{rows}\n", form="long")
    assert f"data.source.{key}" in said
    assert "row 1: both columns" in said


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (
            {"time_column": "t"},
            "no column 't' in the header (time, node, value); expected the column that data.source.t",
        ),
        ({"node_column": "t"}, "data.source.node_column names"),
        ({"value_column": "t"}, "data.source.value_column names"),
        ({"rows": {"t": "x"}}, "data.source.rows names"),
        ({"form": "wide", "columns": ["t*"], "exclude": ["time"]}, "cannot be a node|no column is left"),
        ({"form": "wide", "columns": ["q*"]}, "no column 'q*' in the header"),
        ({"form": "wide", "exclude": ["q"]}, "data.source.exclude"),
    ],
)
def test_a_named_column_that_is_not_there_is_refused_with_its_key(tmp_path, keys, says):
    said = fault_of(tmp_path, long_table("time,node,value"), **keys)
    assert any(part in said for part in says.split("|"))


@pytest.mark.parametrize(
    ("header", "form", "says"),
    [
        ("when,node,value", "long", "data.source.time_column"),
        ("time,who,value", "long", "data.source.node_column"),
        ("time,node,what,which", "long", "data.source.value_column"),
    ],
)
def test_a_role_without_a_column_names_its_key(tmp_path, header, form, says):
    rows = "\n".join(",".join((time, "a", "1", "2")[: header.count(",") + 1]) for time in TWO)
    assert says in fault_of(tmp_path, f"{header}\n{rows}", form=form)


def test_date_and_time_are_joined_and_so_are_year_month_and_day(tmp_path):
    two = "date,clock,a\n" + "".join(f"2021-03-01,{hour}:00,{hour}\n" for hour in range(3))
    three = "year,month,day,hour,a\n" + "".join(f"2021,3,1,{hour},{hour}\n" for hour in range(3))
    first = panel_of(tmp_path, two, time_column=["date", "clock"])
    second = panel_of(tmp_path, three, time_column=["year", "month", "day", "hour"])
    assert first.node_names == second.node_names == ["a"]
    assert first.times.tolist() == second.times.tolist()
    assert first.values[:, 0].tolist() == second.values[:, 0].tolist() == [0, 1, 2]


def test_only_rows_with_the_wanted_texts_are_read(tmp_path):
    text = "time,node,kind,value\n" + "".join(
        f"2021-01-01 0{hour}:00,{node}, {kind} ,{value}\n"
        for hour in range(2)
        for node, kind, value in (("a", "GC", 1), ("a", "GG", "void"), ("b", "GC", 2))
    )
    panel = panel_of(tmp_path, text, rows={"kind": "GC"}, value_column="value")
    assert panel.values.tolist() == [[1, 2]] * 2
    said = fault_of(tmp_path, text, rows={"kind": ["GC", "GG"]})
    assert "row 3, column 'value': 'void'" in said
    assert "no row has 'CL' in column 'kind'" in fault_of(tmp_path, text, rows={"kind": "CL"})


def test_row_numbers_count_rows_that_a_filter_left_out(tmp_path):
    text = "time,node,kind,value\n2021-01-01 00:00,a,no,1\n\n2021-01-01 00:00,a,yes,1\n2021-01-01 01:00,a,yes,x\n"
    assert "row 5, column 'value'" in fault_of(tmp_path, text, rows={"kind": "yes"})


@pytest.mark.parametrize(
    "name", ["Hour Ending", "HourEnding", "hour_ending", "HE", "period_end", "Interval End", "end"]
)
def test_names_of_ends_are_known(name):
    assert says_ending(name)


@pytest.mark.parametrize(
    "name", ["time", "date", "calendar", "weekend", "gender", "Hour Beginning", "the", "sender"]
)
def test_other_names_do_not_say_an_end(name):
    assert not says_ending(name)


def test_a_column_of_ends_is_read_as_ends_unless_the_config_says_otherwise(tmp_path):
    text = "Hour Ending,a\n" + "".join(f"01/02/2021 {hour:02d}:00,{hour}\n" for hour in range(1, 25))
    panel = panel_of(tmp_path, text, day_first=False)
    assert panel.times[0] == np_time("2021-01-02T00")
    assert panel.times[-1] == np_time("2021-01-02T23")
    assert any("ends of readings" in note for note in panel.notes)
    assert panel_of(tmp_path, text, day_first=False, stamp="start").times[0] == np_time("2021-01-02T01")


def np_time(text):
    import numpy as np

    return np.datetime64(text, "s")


def test_plain_names_keep_what_tells_them_apart():
    assert plain("KWH/hh (per half hour)") == "kwhhh"
    assert plain("(a)") == "(a)"


@pytest.mark.parametrize(
    ("times", "keys", "noted"),
    [
        (["2021-01-01 23:00", "2021-01-01 24:00"], {}, True),
        (["31.01.2021 23:00:00", "31.01.2021 24:00:00"], {}, True),
        (["2021-01-01 23:00", "2021-01-01 24:00"], {"stamp": "end"}, False),
        (["2021-01-01 23:00", "2021-01-01 24:00"], {"stamp": "start"}, False),
        (["01.01.2021 22:00 - 23:00", "01.01.2021 23:00 - 24:00"], {"day_first": True}, False),
        (["2021-01-01 23:00", "2021-01-02 00:00"], {}, False),
    ],
)
def test_days_that_go_to_24_00_are_noted_where_nothing_says_what_times_name(tmp_path, times, keys, noted):
    panel = panel_of(tmp_path, "\n".join(["time,a", *(f"{time},1" for time in times)]), form="wide", **keys)
    assert any("data.source.stamp" in note for note in panel.notes) is noted
