"""Per node, what its readings look like over the panel's whole span."""

import numpy as np
import pandas as pd

from wattshed.data.findings.registers import is_register, monotone_share
from wattshed.data.findings.sentinels import find_sentinels
from wattshed.data.findings.steps import step_h, steps_of
from wattshed.data.findings.stuck import stuck_share
from wattshed.data.findings.sun import follows_sun
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment
from wattshed.foundation.hours import DAY_H


def find_readings(panel: Panel, train: Segment) -> pd.DataFrame:
    """One row per node, in the panel's order, from all observed steps.

    ``likely_generation`` is judged in the training part alone: it may decide which nodes a study leaves out. All other
    findings are about single cells, or about the way a file is read.

    minimum: in the panel's unit. negative_share, zero_share: of the observed steps. monotone_share: of the readings but
    the first, those that are not below the one before. typical_spacing_h: the most frequent time from one observed
    reading to the next; NaN for a single one. stuck_share: see :func:`stuck_share`. sentinel_value, sentinel_share: the
    most frequent likely sentinel and its share of the readings, also of those of the source's file, or NaN and 0.
    likely_generation, likely_register: judged without likely sentinels. Classes of labelled windows have no findings.
    """
    local = panel.local_times
    hour = local.hour.to_numpy()
    trained = np.zeros(len(local), dtype=bool)
    trained[train.start : train.stop] = True
    day = local.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    rows = []
    for node in range(len(panel.node_names)):
        values, observed = panel.values[:, node], panel.observed[:, node]
        row = _numbers(panel, values, observed)
        found = find_sentinels(values[observed]) if panel.windows is None else {}
        # A sentinel in a sum of two readings shows no more: the source says what it saw.
        shown = next(iter(found.items()), (np.nan, 0.0))
        written = panel.written_sentinels.get(panel.node_names[node], shown)
        row["sentinel_value"], row["sentinel_share"] = written
        kept = observed & ~np.isin(values, np.array([*found], dtype=np.float32))
        judged = panel.windows is None
        row["likely_generation"] = judged and follows_sun(
            *(part[kept & trained] for part in (values, hour, day))
        )
        row["likely_register"] = judged and is_register(values[kept])
        rows.append(row)
    return pd.DataFrame(rows)


def _numbers(panel: Panel, values: np.ndarray, observed: np.ndarray) -> dict[str, float]:
    readings = values[observed]
    apart = np.diff(np.flatnonzero(observed))
    stuck = stuck_share(values, observed, steps_of(panel, DAY_H)) if panel.windows is None else 0.0
    return {
        "minimum": float(readings.min()),
        "negative_share": float((readings < 0).mean()),
        "zero_share": float((readings == 0).mean()),
        "monotone_share": monotone_share(readings),
        "typical_spacing_h": float(np.bincount(apart).argmax() * step_h(panel))
        if len(apart)
        else float("nan"),
        "stuck_share": stuck,
    }
