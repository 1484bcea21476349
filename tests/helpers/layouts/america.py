"""ERCOT, PJM, GEFCom2012 and Pecan Street."""

import numpy as np
import pandas as pd

from layouts.truth import AMERICA, Layout, at_step, ends, lines, readings, wall

CHICAGO, NEW_YORK = "America/Chicago", "America/New_York"


def _thousands(value: float) -> str:
    return f'"{value:,.2f}"' if value >= 1000 else f"{value:.2f}"


def _hour_ending(start: pd.Timestamp) -> tuple[str, str]:
    end = start + pd.Timedelta(hours=1)
    return f"{start:%m/%d/%Y}", "24:00" if end.hour == 0 else f"{end:%H:%M}"


def ercot() -> Layout:
    """ERCOT's hourly load archives: ends of hours with `24:00`; in autumn `02:00`, then `02:00 DST`; MW.

    Public readers of Native_Load_*.xlsx (rows of 2025-11-02) agree that the marked row is the repeated, second hour:
    it comes after the plain one, and in spring 03:00 is absent. Saved as CSV, thousands come quoted.
    """
    fine = readings(CHICAGO, AMERICA, 60, ["COAST", "EAST", "FWEST"], 900).round(2)
    rows = ["Hour Ending,COAST,EAST,FWEST,ERCOT"]
    before = ""
    for start, values in zip(wall(fine.index, CHICAGO), fine.to_numpy(), strict=True):
        stamp = " ".join(_hour_ending(start))
        cells = ",".join(_thousands(value) for value in [*values, values.sum()])
        rows.append(f"{stamp} DST,{cells}" if stamp == before else f"{stamp},{cells}")
        before = stamp
    assert sum(" DST" in row for row in rows) == 1
    return Layout("ERCOT", {"ercot/Native_Load_2021.csv": lines(rows)}, fine, "MWh", CHICAGO)


def ercot_flag() -> Layout:
    """ERCOT's actual load by zone: `OperDay,HourEnding,...,TOTAL,DSTFlag`; the flag is Y in the repeated hour."""
    fine = readings(CHICAGO, AMERICA, 60, ["COAST", "EAST"], 900).round(2)
    rows = ["OperDay,HourEnding,COAST,EAST,TOTAL,DSTFlag"]
    before = ("", "")
    for start, values in zip(wall(fine.index, CHICAGO), fine.to_numpy(), strict=True):
        stamp = _hour_ending(start)
        cells = ",".join(f"{value:.2f}" for value in [*values, values.sum()])
        rows.append(f"{stamp[0]},{stamp[1]},{cells},{'Y' if stamp == before else 'N'}")
        before = stamp
    return Layout("ERCOT by day and hour", {"ercot_days/load.csv": lines(rows)}, fine, "MWh", CHICAGO)


def pjm() -> Layout:
    """Hourly Energy Consumption (Kaggle, from PJM): `Datetime,AEP_MW`, ends of hours of New York's clock.

    The first rows are 2004-12-31 01:00, 02:00, ...: days run backwards, hours forwards. 03:00 is missing in spring.
    In autumn 02:00 comes twice from 2014 on; before that it is missing.
    """
    old = (("2013-03-09", "2013-03-12"), ("2013-11-02", "2013-11-05"))
    new = (("2014-03-08", "2014-03-11"), ("2014-11-01", "2014-11-04"))
    fine = readings(NEW_YORK, (*old, *new), 60, ["AEP_MW"], 15_000).round()
    lost = pd.to_datetime(["2013-11-03 05:00", "2013-11-03 06:00"], utc=True)
    fine.loc[lost] = np.nan
    shown = fine.dropna()
    days = {}
    for end, value in zip(ends(wall(shown.index, NEW_YORK), 60), shown["AEP_MW"], strict=True):
        day = (end - pd.Timedelta(minutes=1)).date()
        days.setdefault(day, []).append(f"{end:%Y-%m-%d %H:%M:%S},{value:.1f}")
    rows = ["Datetime,AEP_MW", *(row for day in sorted(days, reverse=True) for row in days[day])]
    return Layout("PJM", {"pjm/AEP_hourly.csv": lines(rows)}, fine, "MWh", NEW_YORK)


def gefcom() -> Layout:
    """GEFCom2012's Load_history.csv: `zone_id,year,month,day,h1..h24`, quoted thousands, kW, 24 hours on every day.

    Weeks that were to be forecast are empty. Which clock the hours follow is not stated; 24 on the days of a clock
    change say that it keeps to one time.
    """
    fine = readings(
        "Etc/GMT+5", (("2007-03-10", "2007-03-14"), ("2007-11-03", "2007-11-06")), 60, ["1", "2"], 9_000
    )
    fine = fine.round()
    fine.iloc[48:72] = np.nan
    local = wall(fine.index, "Etc/GMT+5")
    rows = ["zone_id,year,month,day," + ",".join(f"h{n}" for n in range(1, 25))]
    for node in fine:
        for day, hours in fine[node].groupby(local.normalize()):
            cells = ",".join("" if np.isnan(value) else f'"{value:,.0f}"' for value in hours)
            rows.append(f"{node},{day.year},{day.month},{day.day},{cells}")
    return Layout("GEFCom2012", {"gefcom/Load_history.csv": lines(rows)}, fine, "kWh", NEW_YORK)


def pecan_street() -> Layout:
    """Pecan Street Dataport: `dataid,local_15min,grid,...`, kW, local time with its offset (`-06`, also `-06:00`)."""
    fine = readings(CHICAGO, AMERICA, 15, ["661", "1642"], 0.8)
    fine.iloc[100:104, 1] = np.nan
    rows = ["dataid,local_15min,grid,use,solar"]
    for node in fine:
        for time, value in zip(fine.index.tz_convert(CHICAGO), fine[node], strict=True):
            offset = f"{time:%z}"[:3] + (":00" if node == "1642" else "")
            use = "" if np.isnan(value) else f"{value:.3f}"
            rows.append(f"{node},{time:%Y-%m-%d %H:%M:%S}{offset},{0.4:.3f},{use},0.1")
    return Layout(
        "Pecan Street", {"pecan/15minute.csv": lines(rows)}, at_step(fine, 15, "mean"), "kWh", CHICAGO
    )
