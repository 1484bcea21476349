"""17 measured homes in Fontana, California: the embedded panel, and how it is made from its wheel.

The wheel states Month, Hour (1..24, the hour's end) and Day Type (1 is Monday), but no dates. The homes were
measured from 2016-08-01 to 2017-07-31; data/homes/README.md says how well the rows agree with that calendar.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.readers.tabular import read_frame, require_columns
from wattshed.data.readers.wheel import open_wheel
from wattshed.foundation.faults import Fault

TIMEZONE = "America/Los_Angeles"
HOMES = tuple(f"home_{number}" for number in range(1, 18))
INTENSITY = "intensity_g_per_kwh"
CHALLENGE = "citylearn/data/citylearn_challenge_2022_phase_all/"
FIRST_LOCAL_HOUR = "2016-07-31 23:00"


def load(path: Path) -> Panel:
    """The embedded panel [8,760 h, 17 homes] in kWh, with the grid's carbon intensity [g/kWh]."""
    table = read_frame(path, text_columns=())
    require_columns(table, ("time_utc", *HOMES, INTENSITY), path)
    values = table[list(HOMES)].to_numpy(dtype=np.float32)
    return Panel(
        values=values,
        observed=~np.isnan(values),
        times=table["time_utc"].to_numpy("datetime64[s]"),
        nodes=pd.DataFrame(index=pd.Index(HOMES, name="node")),
        unit="kWh",
        timezone=TIMEZONE,
        source="homes (CityLearn challenge 2022, 17 measured homes, Fontana, California)",
        intensity_g_per_kwh=table[INTENSITY].astype(np.float64).interpolate().to_numpy(),
        notes=(
            "Dates are inferred from month, hour, weekday and the sun (data/homes/README.md).",
            "home_12 and home_15 follow the sun and are 0 at night: published as demand, they look like solar "
            "generation.",
        ),
    )


def extract_homes(wheel: Path, pins: Path | None = None) -> pd.DataFrame:
    """The embedded table from the pinned wheel: ``time_utc``, 17 homes [kWh], intensity [g/kWh], float32.

    Raises :class:`Fault` if it is not the pinned wheel, or if a row disagrees with the inferred calendar.
    """
    local = pd.date_range(FIRST_LOCAL_HOUR, periods=8760, freq="h")
    columns = {}
    with open_wheel("citylearn", wheel, pins) as archive:
        for number, home in enumerate(HOMES, start=1):
            with archive.open(f"{CHALLENGE}Building_{number}.csv") as file:
                building = pd.read_csv(file)
            _hold_calendar(building, local, f"Building_{number}.csv in {wheel}")
            columns[home] = building["Equipment Electric Power [kWh]"].to_numpy()
        with archive.open(f"{CHALLENGE}carbon_intensity.csv") as file:
            columns[INTENSITY] = pd.read_csv(file)["kg_CO2/kWh"].to_numpy() * 1000
    table = pd.DataFrame(columns, index=local, dtype=np.float64)
    # Every day has 24 rows. In spring one local hour does not exist: its row is left out. In autumn one local
    # hour occurs twice but has one row: it counts as the first, and the second is unobserved.
    table.index = local.tz_localize(TIMEZONE, ambiguous=np.ones(len(local), bool), nonexistent="NaT")
    table = table[table.index.notna()].tz_convert("UTC").asfreq("h").astype(np.float32)
    table.insert(0, "time_utc", table.index.astype("datetime64[ms, UTC]"))
    return table.reset_index(drop=True)


def _hold_calendar(building: pd.DataFrame, local: pd.DatetimeIndex, where: str) -> None:
    agrees = (
        len(building) == len(local)
        and bool((building["Month"] == local.month).all())
        and bool((building["Hour"] == local.hour + 1).all())
        and bool((building["Day Type"] == local.day_of_week + 1).all())
    )
    if not agrees:
        raise Fault(
            f"{where} does not follow the calendar from {FIRST_LOCAL_HOUR} on; expected month, hour and day type "
            "of 2016-08 to 2017-07: use the pinned wheel."
        )
