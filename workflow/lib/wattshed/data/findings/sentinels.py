"""Likely sentinels: numbers that were written where a reading was missing, such as -9999 or 65535."""

import numpy as np

# Nines as files use them for "missing", also with decimals, and the largest numbers of 16 and 32 bits.
NINES = (99, 999, 9999, 99999, 999999, 9999999, 99.9, 99.99, 999.9, 999.99, 9999.9, 9999.99, 99999.9)
OTHERS = (7777, 8888, 77777, 88888, 32767, 32768, 65535, 2147483647, 2147483648, 4294967295)
# From here on a code is long: readings seldom end on it by chance, and it is also looked for in 1/1000 and 1000 times,
# since a source may have converted Wh to kWh.
LONG = 7777.0
LONG_CODES = tuple(code for code in NINES + OTHERS if code >= LONG)
# Negative codes that are near to small loads. They count only where no other reading is negative.
SHORT_NEGATIVE = (-1, -9)
# A code is repeated to the last digit. A short negative one needs more, since it is near to readings.
REPEATS = 2
SHORT_REPEATS = 3
# How far a code lies from all other readings, as a multiple of the largest: a long one must not be the meter's own
# maximum, a short one must be out of its reach.
BEYOND_LONG = 1.2
BEYOND_SHORT = 3.0
# Fewer distinct readings than these tell no range: an appliance that is on or off may have two. Only a code as far away
# as the second number is then one.
DISTINCT = 10
BEYOND_ALL = 1000.0
# A repeated number that is not a code: an appliance of exact power is honest, so it must be absurdly far.
FAR_REPEATS = 5
FAR_POSITIVE = 1e4
FAR_NEGATIVE = 100.0


def _codes() -> np.ndarray:
    scaled = [code * factor for code in LONG_CODES for factor in (1e-3, 1e3)]
    positive = np.array([*NINES, *OTHERS, *scaled])
    return np.unique(np.concatenate([positive, -positive, SHORT_NEGATIVE]).astype(np.float32))


CODES = _codes()
_LONG = np.unique(np.array([c * f for c in LONG_CODES for f in (1e-3, 1.0, 1e3)], dtype=np.float32))


def find_sentinels(readings: np.ndarray) -> dict[float, float]:
    """Likely sentinels of one node with their share of its readings, the most frequent first.

    readings: float32 [R], observed ones only, at least one.
    """
    distinct, counts = np.unique(readings.astype(np.float32), return_counts=True)
    coded = np.isin(distinct, CODES)
    rest = distinct[~coded]
    found = {
        float(value): count / len(readings)
        for value, count in zip(distinct[coded], counts[coded], strict=True)
        if len(rest) and _is_code(value, int(count), rest)
    }
    found |= {
        float(rest[place]): counts[~coded][place] / len(readings) for place in _far_ends(rest, counts[~coded])
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _is_code(value: np.float32, count: int, rest: np.ndarray) -> bool:
    """Whether a code is a sentinel beside the other readings; rest: distinct, ascending."""
    size, largest = abs(float(value)), float(np.abs(rest).max())
    if value < 0 and rest[0] >= 0:
        if value not in SHORT_NEGATIVE:
            return count >= REPEATS
        # In whole numbers, -1 is one step below 0: a small feed into the grid.
        near = bool((rest == np.rint(rest)).all()) and bool((rest <= 1).any())
        return count >= SHORT_REPEATS and not near
    if value in SHORT_NEGATIVE or count < REPEATS:
        return False
    if largest == 0:
        return size >= LONG
    if len(rest) < DISTINCT:
        return size >= BEYOND_ALL * largest
    return size >= (BEYOND_LONG if np.float32(size) in _LONG else BEYOND_SHORT) * largest


def _far_ends(rest: np.ndarray, counts: np.ndarray) -> list[int]:
    """Places of the least and of the largest reading where it is repeated and absurdly far from all others."""
    if len(rest) < 2:
        return []
    found = []
    if counts[-1] >= FAR_REPEATS and rest[-1] >= FAR_POSITIVE * np.abs(rest[:-1]).max() > 0:
        found.append(len(rest) - 1)
    factor = FAR_NEGATIVE if rest[1] >= 0 else FAR_POSITIVE
    if counts[0] >= FAR_REPEATS and -rest[0] >= factor * np.abs(rest[1:]).max() > 0:
        found.append(0)
    return found
