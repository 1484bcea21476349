"""Times as files write them, read back by the rules of a clock."""

import numpy as np
import pandas as pd
import pytest

from wattshed.data.clock.reading import ClockRules, read_instants
from wattshed.data.clock.zones import meanings
from wattshed.foundation.faults import Fault

HOUR_S, DAY_S = 3600, 86_400


def texts_of(labels):
    return [str(label).replace("T", " ") for label in np.asarray(labels).astype("datetime64[s]")]


def read(cells, numbers=None, node=None, **rules):
    code, texts = pd.factorize(pd.Series(cells))
    rows = np.arange(2, len(code) + 2)
    return read_instants(
        code.astype(np.int32), pd.Series(texts), numbers, node, rows, ClockRules(**rules), "f.csv"
    )


def fault_of(*arguments, **rules):
    with pytest.raises(Fault) as fault:
        read(*arguments, **rules)
    assert "\n" not in str(fault.value)
    return str(fault.value)


def local_days(first, days, zone, length_s=HOUR_S):
    """UTC starts from local midnight on, whole local days."""
    day = np.datetime64(first, "s").astype(int)
    ends = meanings(np.array([day, day + days * DAY_S]), zone).first
    return np.arange(ends[0], ends[1], length_s)
