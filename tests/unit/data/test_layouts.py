"""Public layouts, remade as small files, are read to their truth with the recipes of data/README.md."""

import numpy as np
import pandas as pd
import pytest

from layouts.america import ercot, ercot_flag, gefcom, pjm
from layouts.britain import elexon, london, refit
from layouts.catalogue import LAYOUTS, recipe
from layouts.elsewhere import ausgrid, citylearn, entsoe
from layouts.forecasting import metr_la, nixtla
from layouts.iberia import cnmc, datadis, uci
from layouts.truth import assert_same
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize("make", LAYOUTS, ids=lambda make: make.__name__)
def test_the_recipe_of_a_layout_reads_its_truth(make, root, tmp_path):
    layout = make()
    layout.write(tmp_path)
    panel = load_panel(Settings(**recipe(root, layout.heading)), tmp_path)
    assert_same(panel, layout)


# What the recipe needs: without the key on the left, the sentence names the keys on the right.
NEEDED = [
    (london, "times_in", ("data.source.times_in",)),
    (uci, "dst", ("data.source.dst", "doubled, skipped, none")),
    (datadis, "time_column", ("data.source.time_column", "list")),
    (datadis, "stamp", ("data.source.stamp to end",)),
    (cnmc, "hour_column", ("data.source.hour_column",)),
    (ercot, "thousands", ("data.source.thousands",)),
    (ercot_flag, "time_column", ("data.source.time_column", "[OperDay, HourEnding]")),
    (ercot_flag, "exclude", ("column 'DSTFlag'",)),
    (pjm, "stamp", ("data.source.stamp to end",)),
    (elexon, "period_column", ("data.source.hour_column or period_column",)),
    (citylearn, "first_time", ("data.source.first_time",)),
    (citylearn, "value_column", ("data.source.value_column",)),
    (refit, "time_column", ("data.source.time_column", "'Time' and 'Unix'")),
    (refit, "time_format", ("data.source.time_format",)),
    (refit, "value_column", ("data.source.value_column",)),
    (refit, "resolution", ("data.source.resolution to irregular",)),
    (ausgrid, "skip_rows", ("data.source.skip_rows",)),
    (ausgrid, "rows", ("data.source.rows",)),
    (ausgrid, "day_first", ("data.source.day_first",)),
    (ausgrid, "dst", ("data.source.dst", "doubled, skipped, none")),
    (gefcom, "thousands", ("data.source.thousands", "data.source.decimal")),
    (gefcom, "dst", ("data.source.dst",)),
    (metr_la, "dst", ("data.source.dst",)),
    (nixtla, "timezone", ("data.source.times_in",)),
]


@pytest.mark.parametrize(
    ("make", "key", "says"), NEEDED, ids=[f"{make.__name__}_{key}" for make, key, _ in NEEDED]
)
def test_without_a_key_that_decides_a_layout_is_refused_and_the_sentence_names_it(
    make, key, says, root, tmp_path
):
    layout = make()
    layout.write(tmp_path)
    block = {name: value for name, value in recipe(root, layout.heading).items() if name != key}
    with pytest.raises(Fault) as fault:
        load_panel(Settings(**block), tmp_path)
    assert "\n" not in str(fault.value)
    for part in says:
        assert part in str(fault.value)


def test_shuffled_rows_cannot_tell_which_of_two_hours_is_the_first(root, tmp_path):
    layout = nixtla()
    layout.write(tmp_path)
    path = tmp_path / "nixtla/load.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *np.random.default_rng(0).permutation(rows)]))
    with pytest.raises(Fault, match=r"2021-10-31 .* repeats an hour, are not in order of time"):
        load_panel(Settings(**recipe(root, layout.heading)), tmp_path)


def test_instants_in_parquet_tell_the_two_hours_apart(root, tmp_path):
    """Both hours have one time on the wall, and Python takes their datetimes for equal."""
    truth = nixtla().truth
    instants = pd.DatetimeIndex([*truth.index] * 2).tz_convert("Europe/Paris")
    nodes, values = np.repeat(truth.columns, len(truth)), truth.to_numpy().T.ravel()
    frame = pd.DataFrame({"unique_id": nodes, "ds": instants, "y": values})
    frame.to_parquet(tmp_path / "load.parquet", index=False)
    block = {**recipe(root, nixtla().heading), "path": "load.parquet"}
    assert_same(load_panel(Settings(**block), tmp_path), nixtla())


@pytest.mark.parametrize("cell", ["n/e", "-", ""])
def test_an_empty_row_at_the_hour_that_spring_skips_is_left_out(cell, root, tmp_path):
    layout = entsoe(cell)
    assert b"28.03.2021 02:00 - 28.03.2021 03:00" in layout.files["entsoe/load.csv"]
    layout.write(tmp_path)
    panel = load_panel(Settings(**recipe(root, layout.heading)), tmp_path)
    assert_same(panel, layout)
    assert panel.notes == (
        "1 rows at local times that Europe/Brussels skips in spring were left out.",
        "Converted from MW to MWh.",
    )
