"""Sentences about readings that would mislead a reader of the results, each with the key that corrects it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

# From this share of its steps on, a stuck meter makes a node's errors smaller than they are.
STUCK_SHARE = 0.05
NAMED = 3


def warnings_of(quality: pd.DataFrame, step_minutes: int = 60) -> list[str]:
    """What a reader of the errors should know first; empty for readings without findings.

    quality: ``quality.parquet``. step_minutes: of the panel.
    """
    return [
        *_sentinels(quality),
        *_registers(quality),
        *_generation(quality),
        *_spacing(quality, step_minutes / 60),
        *_stuck(quality),
    ]


def findings_of(row: dict) -> str:
    """The findings about one node in a few words, from its row of ``quality.parquet``; empty without one."""
    found = []
    if row["sentinel_share"] > 0:
        found.append(f"likely sentinel {number(row['sentinel_value'])} in {share(row['sentinel_share'])}")
    if row["likely_register"]:
        found.append("likely a cumulative register")
    if row["likely_generation"]:
        found.append("follows the sun")
    if row["stuck_share"] > 0:
        found.append(f"stuck in {share(row['stuck_share'])}")
    if row["negative_share"] > 0:
        found.append(f"negative in {share(row['negative_share'])}")
    return ", ".join(found)


def share(value: float) -> str:
    """A share in percent with one digit or two; a small one is not rounded to 0."""
    percent = 100 * value
    return f"{percent:.1f} %" if percent >= 0.1 or percent == 0 else f"{percent:.1g} %"


def number(value: float) -> str:
    """A reading as the file has it: 32-bit floats hold seven digits, of whole powers of two more.

    As a mask's `equals`, the text meets the reading.
    """
    text = f"{value:.7g}"
    return text if np.float32(text) == np.float32(value) else f"{value:.10g}"


def named(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _subject(quality: pd.DataFrame, found: pd.DataFrame, one: str, several: str) -> str:
    """``2 of 17 nodes (a, b) look``; of one node, ``Node a looks``."""
    names = found["node"].astype(str).tolist()
    if len(names) == 1:
        return f"Node {names[0]} {one}"
    return f"{len(names)} of {len(quality)} nodes ({named(names)}) {several}"


def _sentinels(quality: pd.DataFrame) -> list[str]:
    found = quality[quality["sentinel_share"] > 0]
    sentences = []
    values = found["sentinel_value"].unique().astype(float)
    for value in values[:NAMED]:
        rows = found[found["sentinel_value"] == value]
        largest = share(float(rows["sentinel_share"].max()))
        up_to = "" if len(rows) == 1 else "up to "
        whose = "its" if len(rows) == 1 else "their"
        sentences.append(
            f"{_subject(quality, rows, 'reads', 'read')} {number(value)} in {up_to}{largest} of {whose} "
            "readings, a likely sentinel of missing values: it shifts every error; list it in data.source.missing of "
            f"a table, or mask it by data.mask (equals: {number(value)})."
        )
    further = int((~found["sentinel_value"].isin(values[:NAMED])).sum())
    if further:
        sentences.append(
            f"{further} more {'node has' if further == 1 else 'nodes have'} other likely sentinels: quality.parquet "
            "names them; mask them by data.mask."
        )
    return sentences


def _registers(quality: pd.DataFrame) -> list[str]:
    found = quality[quality["likely_register"].astype(bool)]
    if found.empty:
        return []
    subject = _subject(quality, found, "only rises", "only rise")
    return [
        f"{subject}, as a cumulative register does: its readings are not what is used per step; read a table with "
        "data.source.quantity: register."
    ]


def _generation(quality: pd.DataFrame) -> list[str]:
    found = quality[quality["likely_generation"].astype(bool)]
    if found.empty:
        return []
    subject = _subject(quality, found, "looks", "look")
    return [f"{subject} like generation, which follows the sun; data.exclude leaves nodes out."]


def _spacing(quality: pd.DataFrame, step_h: float) -> list[str]:
    sentences = []
    for hours, rows in quality[quality["typical_spacing_h"] > step_h].groupby("typical_spacing_h"):
        names = named(rows["node"].astype(str).tolist())
        which = "all nodes" if len(rows) == len(quality) else f"{len(rows)} of {len(quality)} nodes ({names})"
        sentences.append(
            f"The typical spacing of readings is {float(str(hours)):g} h in {which}, expected {step_h:g} h: most steps "
            "are unobserved; give finer readings, or leave nodes out by data.exclude."
        )
    return sentences


def _stuck(quality: pd.DataFrame) -> list[str]:
    found = quality[quality["stuck_share"] >= STUCK_SHARE]
    if found.empty:
        return []
    subject = _subject(quality, found, "repeats", "repeat")
    return [
        f"{subject} one reading for a day or longer in {'' if len(found) == 1 else 'up to '}"
        f"{share(float(found['stuck_share'].max()))} of the readings, as a stuck meter does: such steps are easy to "
        "forecast; mask them by data.mask (stuck_h: 24, above: 0)."
    ]
