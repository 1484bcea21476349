"""London's smart meters, Great Britain's demand in settlement periods, and REFIT's homes."""

import numpy as np
import pandas as pd

from layouts.truth import EUROPE, Layout, at_step, lines, readings, wall


def london() -> Layout:
    """UK Power Networks, Low Carbon London: half hours in kWh, GMT all year (London Datastore's page and header).

    The value's name ends in a blank, seconds have 7 digits of fraction, missing values are `Null`; rows with `Null`
    may lie off the half hours, as those that users report (`2012-12-18 15:13:41`).
    """
    fine = readings("UTC", EUROPE, 30, ["MAC000002", "MAC000003"], 0.3)
    fine.iloc[20, 0] = np.nan
    files = {}
    for node in fine:
        rows = ["LCLid,stdorToU,DateTime,KWH/hh (per half hour) "]
        for time, value in fine[node].items():
            text = " Null" if np.isnan(value) else f" {value:g} "
            rows.append(f"{node},Std,{time:%Y-%m-%d %H:%M:%S}.0000000,{text}")
        rows.insert(60, f"{node},Std,2021-03-28 09:13:41.0000000,Null")
        files[f"lcl/{node}.csv"] = lines(rows, "\r\n")
    return Layout("London smart meters", files, at_step(fine, 30), "kWh", "Europe/London")


def _elexon(heading: str, name: str, day: str) -> Layout:
    fine = readings("Europe/London", EUROPE, 30, ["ND", "TSD"], 20_000).round()
    local = wall(fine.index, "Europe/London")
    periods = pd.Series(1, index=fine.index).groupby(local.normalize()).cumsum()
    rows = ["SETTLEMENT_DATE,SETTLEMENT_PERIOD,ND,TSD,EMBEDDED_WIND_GENERATION"]
    for date, period, nd, tsd in zip(local, periods, fine["ND"], fine["TSD"], strict=True):
        rows.append(f"{date.strftime(day).upper()},{period},{nd:.0f},{tsd:.0f},1700")
    assert set(periods) == set(range(1, 51))
    return Layout(heading, {name: lines(rows)}, at_step(fine, 30, "mean"), "MWh", "Europe/London")


def elexon() -> Layout:
    """NESO's historic demand (formerly National Grid ESO): settlement periods 1 to 46, 48 or 50 of a local day, in MW.

    Its table of columns says: "Settlement period 1 runs from 00:00-00:30", and of the date "This follows clock change".
    """
    return _elexon("Elexon and NESO settlement periods", "neso/demanddata_2021.csv", "%Y-%m-%d")


def elexon_months() -> Layout:
    """The same with dates as older files write them, such as 28-MAR-2021."""
    return _elexon("Elexon and NESO settlement periods", "neso/demanddata_2021.csv", "%d-%b-%Y")


def refit() -> Layout:
    """REFIT (Murray et al. 2017, doi 10.1038/sdata.2016.122): power in W about every 8 s, one file per house.

    `Unix` is UTC. In published rows `Time` shows the same instant in UTC (2013-10-09 13:06:17 is 1381323977). The
    cleaned files add a column `Issues`.
    """
    random = np.random.default_rng(8)
    files, hours = {}, {}
    for house, gap in (("1", 4), ("2", None)):
        held = []
        rows = ["Time,Unix,Aggregate," + ",".join(f"Appliance{n}" for n in range(1, 10)) + ",Issues"]
        for start in ("2014-03-29 23:00", "2014-10-25 22:00"):
            first = pd.Timestamp(start, tz="UTC").timestamp() - 20
            times = (first + np.cumsum(random.integers(6, 16, 2400))).astype(int)
            times = times[times < first + 5 * 3600 + 120]
            if gap is not None:
                times = times[(times < first + gap * 3600 - 2400) | (times > first + gap * 3600 - 600)]
            watts = random.integers(80, 3000, len(times))
            for time, watt in zip(times, watts, strict=True):
                shown = pd.Timestamp(time, unit="s")
                rows.append(f"{shown},{time},{watt},{watt // 2},0,0,1,0,0,0,0,0,0")
            lasts = np.minimum(np.diff(times, append=times[-1]), 300)
            seconds = np.concatenate([np.arange(t, t + n) for t, n in zip(times, lasts, strict=True)])
            held.append(pd.Series(np.repeat(watts, lasts) / 3.6e6, index=seconds))
        each = pd.concat(held)
        by_hour = each.groupby(each.index // 3600)
        energy = by_hour.sum().where(by_hour.count() == 3600)
        energy.index = pd.to_datetime(energy.index * 3600, unit="s", utc=True)
        hours[house] = energy
        files[f"refit/CLEAN_House{house}.csv"] = lines(rows)
    return Layout("REFIT", files, pd.DataFrame(hours), "kWh", "Europe/London")
