"""Tables that forecasters use: ETT, METR-LA and the long form of Nixtla's libraries."""

import numpy as np

from layouts.truth import EUROPE, Layout, lines, readings, wall


def ett() -> Layout:
    """ETT (Zhou et al. 2021): `date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT`, hourly, no zone stated; China keeps one time."""
    loads = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL"]
    fine = readings("Asia/Shanghai", (("2016-07-01", "2016-07-08"),), 60, loads, 5)
    rows = ["date," + ",".join(loads) + ",OT"]
    for time, values in zip(wall(fine.index, "Asia/Shanghai"), fine.to_numpy(), strict=True):
        rows.append(f"{time:%Y-%m-%d %H:%M:%S}," + ",".join(f"{value}" for value in values) + ",30.531")
    return Layout("ETT", {"ett/ETTh1.csv": lines(rows)}, fine, "load", "Asia/Shanghai")


def metr_la(end: str = "2012-03-13") -> Layout:
    """METR-LA (Li et al. 2018): speeds of road sensors in mph every 5 minutes, as CSV; 0 is missing.

    34,272 rows are 119 days of 288 rows from 2012-03-01 on: the day of the clock change has 288 rows, too.
    """
    fine = readings("Etc/GMT+8", (("2012-03-10", end),), 5, ["773869", "767541", "767542"], 35)
    fine.iloc[100:130, 1] = np.nan
    rows = ["," + ",".join(fine.columns)]
    for time, values in zip(wall(fine.index, "Etc/GMT+8"), fine.fillna(0.0).to_numpy(), strict=True):
        rows.append(f"{time:%Y-%m-%d %H:%M:%S}," + ",".join(f"{value}" for value in values))
    return Layout("METR-LA", {"metr_la/metr-la.csv": lines(rows)}, fine, "mph", "America/Los_Angeles")


def nixtla() -> Layout:
    """The long form of Nixtla's libraries: `unique_id,ds,y`, times without a zone; here Paris's clock."""
    fine = readings("Europe/Paris", EUROPE, 60, ["FR", "BE"], 50)
    rows = ["unique_id,ds,y"]
    for node in fine:
        for time, value in zip(wall(fine.index, "Europe/Paris"), fine[node], strict=True):
            rows.append(f"{node},{time:%Y-%m-%d %H:%M:%S},{value}")
    return Layout("Nixtla's long form", {"nixtla/load.csv": lines(rows)}, fine, "MWh", "Europe/Paris")
