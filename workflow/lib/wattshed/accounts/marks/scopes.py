"""Whose energy a run's figures are: its own, or the machine's while it ran."""

import pandas as pd

from wattshed.energy.ledger.attempts import NO_USE
from wattshed.energy.reading import COMPONENTS

# Column ``energy_scope``: the job's own energy, or that of the machine while it ran.
OWN = "own"
MACHINE = "machine"


def with_scope(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with all columns of scope and use; a record that does not say its scope states the machine's energy."""
    frame = runs.copy()
    texts = ("energy_scope", "machine_status", "boot_id", "constants")
    numbers = ("gpus", "machine_kwh", *(f"machine_{part}_kwh" for part in COMPONENTS), *NO_USE)
    for name in (*texts, *numbers):
        if name not in frame:
            empty = pd.NA if name in texts else float("nan")
            frame[name] = pd.Series(empty, index=frame.index, dtype="string" if name in texts else "float64")
    unsaid = frame["energy_scope"].isna()
    frame.loc[unsaid, "energy_scope"] = MACHINE
    for part in ("", *(f"{part}_" for part in COMPONENTS)):
        mine = frame.get(f"{part or 'energy_'}kwh", float("nan"))
        frame[f"machine_{part}kwh"] = frame[f"machine_{part}kwh"].where(~unsaid, mine)
    frame["machine_status"] = frame["machine_status"].where(~unsaid, frame.get("energy_status"))
    return frame
