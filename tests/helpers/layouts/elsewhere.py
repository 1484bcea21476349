"""ENTSO-E, Ausgrid and CityLearn."""

import numpy as np
import pandas as pd

from layouts.truth import EUROPE, Layout, at_step, lines, readings, wall


def entsoe(empty_hour: str | None = None) -> Layout:
    """ENTSO-E's Transparency Platform, total load as CSV: quoted intervals in CET/CEST, `n/e` and `-`, MW.

    The autumn interval 02:00 - 03:00 comes twice. The spring interval from 02:00 is absent, or there and empty
    (``empty_hour``).
    """
    fine = readings("Europe/Madrid", EUROPE, 60, ["Actual Total Load [MW] - BZN|ES"], 26_000).round()
    fine.iloc[[10, 40], 0] = np.nan
    rows = [
        '"Time (CET/CEST)","Day-ahead Total Load Forecast [MW] - BZN|ES","Actual Total Load [MW] - BZN|ES"'
    ]
    for number, (start, value) in enumerate(
        zip(wall(fine.index, "Europe/Madrid"), fine.iloc[:, 0], strict=True)
    ):
        end = start + pd.Timedelta(hours=1)
        text = ("n/e" if number == 10 else "-") if np.isnan(value) else f"{value:.0f}"
        rows.append(f'"{start:%d.%m.%Y %H:%M} - {end:%d.%m.%Y %H:%M}","{25000 + number}","{text}"')
    if empty_hour is not None:
        rows.insert(27, f'"28.03.2021 02:00 - 28.03.2021 03:00","{empty_hour}","{empty_hour}"')
    return Layout("ENTSO-E", {"entsoe/load.csv": lines(rows)}, fine, "MWh", "Europe/Madrid")


def ausgrid() -> Layout:
    """Ausgrid's solar homes: a line of title, one row per customer, day and kind (GC, CL, GG), half hours ending.

    Columns run from 0:30 to 0:00, the end of the day; dates are d/mm/yyyy; kWh per half hour. Every day has 48
    columns, also those of a clock change; which clock they follow is not stated.
    """
    days = (("2012-10-06", "2012-10-09"), ("2013-04-06", "2013-04-09"))
    fine = readings("Etc/GMT-10", days, 30, ["1", "2"], 0.4)
    local = wall(fine.index, "Etc/GMT-10")
    halves = [f"{minute // 60 % 24}:{minute % 60:02d}" for minute in range(30, 1441, 30)]
    rows = [
        '"2012-2013 Solar home electricity data - Before using this data, please read the notes"' + "," * 53
    ]
    rows.append(
        "Customer,Generator Capacity,Postcode,Consumption Category,date," + ",".join(halves) + ",Row Quality"
    )
    for node in fine:
        for day, values in fine[node].groupby(local.normalize()):
            for kind, size in (("GC", 1.0), ("CL", 0.5), ("GG", 2.0)):
                cells = ",".join(f"{size * value:.4f}" for value in values)
                rows.append(f"{node},3.78,2076,{kind},{day.day}/{day:%m/%Y},{cells},")
    return Layout(
        "Ausgrid solar homes",
        {"ausgrid/2012-2013.csv": lines(rows)},
        at_step(fine, 30),
        "kWh",
        "Australia/Sydney",
    )


def citylearn() -> Layout:
    """CityLearn: one file per simulated building, hourly kWh; rows have a month, an hour and a day's kind, no date."""
    fine = readings("Etc/GMT+6", (("2016-08-01", "2016-08-09"),), 60, ["Building_1", "Building_2"], 1.2)
    local = wall(fine.index, "Etc/GMT+6")
    files = {}
    for node in fine:
        rows = [
            "Month,Hour,Day Type,Daylight Savings Status,Indoor Temperature [C],Equipment Electric Power [kWh],"
            "Solar Generation [W/kW]"
        ]
        for time, value in zip(local, fine[node], strict=True):
            rows.append(f"{time.month},{time.hour + 1},{time.day_of_week + 1},0,21.5,{value},0.0")
        files[f"citylearn/{node}.csv"] = lines(rows)
    return Layout("CityLearn", files, fine, "kWh", "America/Chicago")
