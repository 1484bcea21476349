"""Jobs within jobs: what an inner job spent is counted by it, and no longer by the job around it."""

import numpy as np
import pandas as pd

from wattshed.accounts.marks.flags import add_flag
from wattshed.accounts.marks.scopes import OWN
from wattshed.energy.reading import COMPONENTS

LESS_INNER = "less its inner jobs"
ATTRIBUTED = ("attributed_kwh", *(f"attributed_{part}_kwh" for part in COMPONENTS))


def take_out_inner(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, with the own energy of inner jobs taken out of the ``attributed_*`` of the jobs around them; these get
    the flag :data:`LESS_INNER`.

    An inner job that ran on after the outer one has ended counts there by its share of the common time. runs: with
    ``record_id`` and ``outer_record``; others are returned as they are.
    """
    if not {"record_id", "outer_record"} <= set(runs) or not runs["outer_record"].notna().any():
        return runs
    own = runs["energy_scope"].eq(OWN).fillna(False)
    places = {record: place for place, record in enumerate(runs["record_id"]) if pd.notna(record)}
    begins = pd.to_datetime(runs["last_began_utc"], utc=True, format="ISO8601")
    ends = begins + pd.to_timedelta(runs["last_duration_s"].astype("float64"), unit="s")
    # Columns may share their memory with others.
    left = {name: np.array(runs[name].astype("float64"), copy=True) for name in ATTRIBUTED}
    inner = {name: runs[name.removeprefix("attributed_")] for name in ATTRIBUTED[1:]}
    inner["attributed_kwh"] = runs["energy_kwh"]
    lessened = np.zeros(len(runs), dtype=bool)
    for place in np.flatnonzero(runs["outer_record"].notna()):
        outer = places.get(runs["outer_record"].iloc[place])
        if outer is None or outer == place or not (own.iloc[place] and own.iloc[outer]):
            continue
        common = min(ends.iloc[place], ends.iloc[outer]) - max(begins.iloc[place], begins.iloc[outer])
        seconds = float(runs["last_duration_s"].iloc[place])
        share = min(1.0, max(0.0, common.total_seconds() / seconds)) if seconds > 0 else 1.0
        for name in ATTRIBUTED:
            kwh = inner[name].iloc[place]
            if pd.notna(kwh):
                left[name][outer] = max(0.0, left[name][outer] - share * float(kwh))
        lessened[outer] = True
    return runs.assign(**left, flags=add_flag(runs["flags"], lessened, LESS_INNER))
