"""Tables with one row per day and one column per time of day."""

import numpy as np
import pytest

from user_tables import fault_of, panel_of, written
from wattshed.data.forms.day_columns import day_columns
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings

ENDS = [f"{minute // 60}:{minute % 60:02d}" for minute in range(30, 1440, 30)] + ["0:00"]
STARTS = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(0, 1440, 30)]


@pytest.mark.parametrize(
    ("names", "texts", "numbers", "minutes"),
    [
        (ENDS, "00:30 24:00", None, 30),
        ([*ENDS[:-1], "24:00"], "00:30 24:00", None, 30),
        (STARTS, "00:00 23:30", None, 30),
        ([f"{hour:02d}:00:00" for hour in range(24)], "00:00 23:00", None, 60),
        ([f"h{hour}" for hour in range(1, 25)], None, "1 24", 60),
        ([f"H{hour:02d}" for hour in range(1, 26)], None, "1 25", 60),
        ([f"hour_{hour}" for hour in range(24)], None, "0 23", 60),
        ([str(period) for period in range(1, 49)], None, "1 48", 30),
        ([str(period) for period in range(1, 97)], None, "1 96", 15),
    ],
)
def test_columns_of_times_of_day_are_known(names, texts, numbers, minutes):
    found = day_columns(("customer", "date", *names))
    assert found.places == tuple(range(2, 2 + len(names)))
    assert (found.texts and f"{found.texts[0]} {found.texts[-1]}") == texts
    assert (found.numbers and f"{found.numbers[0]} {found.numbers[-1]}") == numbers
    assert found.minutes == minutes


@pytest.mark.parametrize(
    "names", [["a", "b"], [f"h{hour}" for hour in range(1, 20)], [f"house{n}" for n in range(7, 40)]]
)
def test_other_columns_are_not_times_of_day(names):
    assert day_columns(("time", *names)) is None


def ausgrid(days):
    """Two customers with consumption (GC) and generation (GG), as the Australian file has them."""
    rows = ["Solar home data", f"Customer,Postcode,Consumption Category,date,{','.join(ENDS)},Row Quality"]
    for day in range(days):
        for customer in (1, 2):
            for kind, sign in (("GC", 1), ("GG", -1)):
                cells = ",".join(str(sign * (customer + place / 100)) for place in range(48))
                rows.append(f"{customer},2000,{kind},{day + 1}-Jul-12,{cells},")
    return "\n".join(rows) + "\n"


def test_half_hours_named_by_their_ends_become_hours_of_the_same_day(tmp_path):
    panel = panel_of(
        tmp_path,
        ausgrid(2),
        skip_rows=1,
        rows={"Consumption Category": "GC"},
        time_format="%d-%b-%y %H:%M",
        timezone="Australia/Sydney",
        dst="none",
    )
    assert panel.node_names == ["1", "2"]
    assert panel.values.shape == (48, 2)
    assert panel.times[0] == np.datetime64("2012-06-30T14:00:00")
    np.testing.assert_allclose(panel.values[0], [2.01, 4.01], rtol=1e-6)
    np.testing.assert_allclose(panel.values[23], [2 + 0.93, 4 + 0.93], rtol=1e-6)
    assert panel.observed.all()


def test_numbered_hours_become_the_hours_of_the_day(tmp_path):
    header = ",".join(["zone_id", "year", "month", "day", *(f"h{hour}" for hour in range(1, 25))])
    rows = [",".join(map(str, [zone, 2004, 1, day, *range(24)])) for zone in (1, 2) for day in (1, 2)]
    panel = panel_of(tmp_path, "\n".join([header, *rows]), unit="kW")
    assert panel.node_names == ["1", "2"]
    assert panel.times[0] == np.datetime64("2004-01-01")
    assert panel.values[:, 0].tolist() == [*range(24), *range(24)]


def test_thousands_in_quotes_are_read_in_days_as_well(tmp_path):
    header = ",".join(["zone_id", "date", *(f"h{hour}" for hour in range(1, 25))])
    cells = ",".join(f'"{hour},000"' for hour in range(1, 25))
    panel = panel_of(tmp_path, f"{header}\n1,2004-01-01,{cells}\n", thousands=",")
    assert panel.values[:3, 0].tolist() == [1000, 2000, 3000]


def test_numbers_alone_can_be_nodes_and_are_refused_until_form_is_set(tmp_path):
    header = ",".join(["date", *(str(hour) for hour in range(1, 25))])
    text = f"{header}\n" + "\n".join(f"2021-01-0{day},{','.join(['1'] * 24)}" for day in (1, 2))
    assert "data.source.form to wide or days" in fault_of(tmp_path, text)
    assert len(panel_of(tmp_path, text, form="days", hours_from=1).times) == 48


def test_a_file_of_days_without_nodes_is_one_node(tmp_path):
    header = ",".join(["date", *(f"{hour:02d}:00" for hour in range(24))])
    for name in ("home_2", "home_1"):
        written(tmp_path, f"{header}\n2021-01-01,{','.join(map(str, range(24)))}\n", f"{name}_kwh.csv")
    panel = load_panel(Settings(path="*.csv", node_pattern=r"(home_\d)"), tmp_path)
    assert panel.node_names == ["home_1", "home_2"]
    assert panel.values[:, 1].tolist() == list(range(24))


def test_a_bad_cell_is_named_by_row_and_time_of_day(tmp_path):
    header = ",".join(["date", *(f"{hour:02d}:00" for hour in range(24))])
    cells = ",".join(["1"] * 22 + ["x", "1"])
    said = fault_of(tmp_path, f"{header}\n2021-01-01,{','.join(['1'] * 24)}\n2021-01-02,{cells}\n")
    assert "row 3, column '22:00': 'x' is not a number" in said


def test_a_day_that_comes_twice_is_refused_with_its_row(tmp_path):
    header = ",".join(["meter", "date", *(f"{hour:02d}:00" for hour in range(24))])
    day = f"7,2021-01-01,{','.join(['1'] * 24)}\n"
    assert "row 3: a second reading of node '7' at 2021-01-01 00:00:00" in fault_of(
        tmp_path, f"{header}\n{day}{day}"
    )
