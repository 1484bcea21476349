"""Table: energy and slowdown of the governor against the maximum, static clocks and an oracle, on simulated mixes."""

from typing import Any

import numpy as np

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import SIMULATED, Cell, Column, Table, decimals
from wattshed.publish.typesetting.table_part import TablePart

# Ways to run, with the prefix of their fields; the maximum saves nothing by definition.
WAYS = {
    "maximum": None,
    "best static clock": "static_",
    "static in hindsight": "hindsight_",
    "governor": "",
    "oracle": "oracle_",
}
ALL = "all"
WAYS_NOTE = (
    "Saved and slower are medians over mixes, and beside them the worst mix, relative to the maximum clock. Of the "
    "oracle: saved energy of all mixes together as a share of the oracle's; over 100 % only where the limit was "
    "broken. The best static clock is chosen by a simulated sweep; the one in hindsight and the oracle know the mix "
    "itself."
)


def clock_governor_table(document: dict[str, Any]) -> Table:
    """Five ways to run per kind of mix, all mixes first. document: ``clocks/governor.json``."""
    mixes = document["mixes"]
    limit = document["max_slowdown_share"]
    kinds = list(dict.fromkeys(mix["kind"] for mix in mixes))
    rows = []
    for kind in (ALL, *kinds) if len(kinds) > 1 else kinds:
        own = [mix for mix in mixes if kind in (ALL, mix["kind"])]
        for place, (way, prefix) in enumerate(WAYS.items()):
            rows.append(
                _row(f"{kind} (n\u00a0=\u00a0{len(own)})" if place == 0 else "", way, prefix, own, limit)
            )
    columns = [
        Column("Mix"),
        Column("Way to run"),
        Column("Saved", "%", numeric=True),
        Column("Saved, lowest", "%", numeric=True),
        Column("Slower", "%", numeric=True),
        Column("Slower, most", "%", numeric=True),
        Column("Over the limit", numeric=True),
        Column("Of the oracle", "%", numeric=True),
    ]
    caption = (
        f"The governor (rule: {document['rule']}) on simulated mixes of phases, n = {len(mixes)} mixes, limit: "
        f"{100 * limit:g} % slower."
    )
    return Table("clock_governor", caption, columns, rows, [WAYS_NOTE, *_replayed(document["replayed"])])


def _row(head: str, way: str, prefix: str | None, mixes: list[dict[str, Any]], limit: float) -> list[Cell]:
    def values(name: str) -> np.ndarray:
        return np.array([0.0 if prefix is None else mix[f"{prefix}{name}_share"] for mix in mixes])

    saved, slower = values("saving"), values("slowdown")
    energy = np.array([mix["maximum_energy_j"] for mix in mixes])
    best = float(sum(mix["oracle_saving_share"] * mix["maximum_energy_j"] for mix in mixes))
    share = float((saved * energy).sum()) / best if best > 0 else None
    # A limit is not broken by rounding.
    over = int((slower > limit + 1e-9).sum())
    return [
        Cell(head),
        Cell(way, best=way == "governor"),
        decimals(100 * float(np.median(saved)), 1, mark=SIMULATED),
        decimals(100 * float(saved.min()), 1, mark=SIMULATED),
        decimals(100 * float(np.median(slower)), 1, mark=SIMULATED),
        decimals(100 * float(slower.max()), 1, mark=SIMULATED),
        Cell(str(over), SIMULATED),
        decimals(None if share is None else 100 * share, 0, mark=SIMULATED),
    ]


def _replayed(replayed: dict[str, dict[str, Any]]) -> list[str]:
    """What the governor would have done on recorded logs; no effect is claimed."""
    return [
        f"Replayed over the log {name}, the governor would have changed the clock {found['changes']} times; no effect "
        "is claimed."
        for name, found in replayed.items()
    ]


def _make(inputs: Inputs) -> Table:
    return clock_governor_table(inputs.json("governor"))


TABLE = TablePart(
    message="Make the table of the governor against static clocks and an oracle",
    caption="Energy and slowdown of the governor against the maximum, the best static clock and an oracle; simulated.",
    inputs=("governor",),
    make=_make,
)
