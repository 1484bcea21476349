"""Energy of runs without a record, estimated from operations that the user states."""

import pandas as pd

from wattshed.accounts.estimates.energy_by_operations import HardwareFit, calibrate
from wattshed.accounts.estimates.retro import estimate_runs, hardware_names
from wattshed.energy.carbon.carbon import Location
from wattshed.foundation.faults import Fault

NOWHERE = Location(None)
KEYS = ("model", "seed", "data_country", "season")


def estimate_unrecorded(
    runs: pd.DataFrame, operations: pd.DataFrame, location: Location = NOWHERE
) -> pd.DataFrame:
    """Rows of origin ``retro-estimate`` for every line of ``operations`` that has no recorded run.

    runs: recorded whole runs of one stage; operations: ``operations`` per run, named by ``run_id`` or by ``model`` and,
    where there are such columns, ``seed, data_country, season``; ``hardware`` if the records are of several kinds.
    Recorded runs whose operations are stated calibrate the estimates, hardware by hardware. location: where they
    ran. Raises :class:`Fault` for columns that are missing and for hardware with too few recorded runs.
    """
    keys = ["run_id"] if "run_id" in operations else [name for name in KEYS if name in operations]
    if "operations" not in operations or not keys:
        raise Fault(
            f"the operations have the columns {', '.join(map(str, operations))}: expected operations, and run_id or "
            "model to name the run; add them."
        )
    # Keys as text: a seed from a CSV and one from a ledger have different types.
    recorded = runs.assign(hardware=hardware_names(runs), _key=_key(runs, keys))
    stated = operations.assign(_key=_key(operations, keys))
    known = recorded.merge(stated[["_key", "operations"]].drop_duplicates("_key"), on="_key")
    missing = stated[~stated["_key"].isin(recorded["_key"])].drop(columns="_key")
    if missing.empty:
        return pd.DataFrame()
    fits = calibrate(known)
    if "hardware" not in missing:
        missing = missing.assign(hardware=_only(fits))
    estimates = estimate_runs(missing, fits)
    place = {"country_iso": location.country_iso, "region": location.region, "flags": pd.NA}
    return estimates.assign(
        stage=runs["stage"].iloc[0],
        job=estimates.get("run_id", estimates.get("model")),
        duration_s=float("nan"),
        **{name: pd.array([value] * len(estimates), dtype="string") for name, value in place.items()},
    )


def _only(fits: dict[str, HardwareFit]) -> str:
    if len(fits) != 1:
        raise Fault(
            f"the recorded runs with operations are of {len(fits)} kinds of hardware ({', '.join(fits) or 'none'}): "
            "expected a column hardware in the operations that says on which one each run was."
        )
    return next(iter(fits))


def _key(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    parts = [frame[name].astype("string").fillna("") for name in keys]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + "\t" + part
    return joined
