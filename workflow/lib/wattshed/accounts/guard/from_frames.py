"""The guard's record of what ledgers hold now: from the frames of runs and windows."""

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from wattshed.accounts.guard.records import Energy, GuardRecord, ModelRecord
from wattshed.accounts.marks.flags import USED, gpu_was_shared
from wattshed.accounts.marks.scopes import MACHINE, OWN
from wattshed.accounts.reading.frame_types import FORECASTS
from wattshed.energy.reading import COMPONENTS
from wattshed.energy.share.usage import was_alone
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Window

PARAMETERS = "value_parameters"
# What two machines must have in common for their energies to be comparable.
MACHINE_FIELDS = ("processor", "logical_cores", "memory_gib", "gpus")


def record_of(runs: pd.DataFrame, windows: pd.DataFrame) -> GuardRecord:
    """The models of a runs and a windows frame.

    The first epoch of every attempt is warm-up and left out; an epoch that a killed attempt had to repeat counts
    once. Where an energy is unknown, for example because an epoch is shorter than the sensor's resolution, the model's
    epochs (or forecasts) are left out and a note says so. Raises :class:`Fault` for an energy of 0 or less, for runs
    that shared their machine with other jobs and do not know their own energy, for several machines, for a model
    trained twice with one seed, and if there is nothing to compare.
    """
    epochs = windows[windows["window"] == Window.EPOCH]
    forecasts = windows[windows["window"] == Window.FORECAST]
    used = pd.concat([epochs, forecasts])
    used = used[used["model"].notna()]
    if used.empty:
        raise Fault(
            "the ledgers hold no epoch and no forecast of a named model: expected ledgers of the stages training or "
            "inference; name their folder."
        )
    jobs = runs[runs["job"].isin(used["job"])]
    _check_alone(jobs)
    notes: list[str] = []
    models = {
        str(name): _model(
            str(name), part, epochs[epochs["model"] == name], forecasts[forecasts["model"] == name], notes
        )
        for name, part in used.groupby("model", sort=False, observed=True)
    }
    if notes and not any(record.epochs or record.forecasts for record in models.values()):
        raise Fault(
            f"the ledgers hold no known energy ({'; '.join(notes)}): expected one above 0; see wattshed doctor for "
            "the sensors, or measure for longer than they resolve."
        )
    commits = jobs["commit"].dropna().unique()
    return GuardRecord(
        machine=_machine(jobs),
        commit=str(commits[0]) if len(commits) == 1 else None,
        dirty=None if jobs["dirty"].isna().any() else bool(jobs["dirty"].any()),
        models=models,
        notes=[f"{note}, not compared." for note in notes],
    )


def _check_alone(jobs: pd.DataFrame) -> None:
    machine_wide = jobs.get("energy_scope", pd.Series(MACHINE, index=jobs.index)) != OWN
    shared = jobs[jobs["overlaps"].notna() & machine_wide] if "overlaps" in jobs else jobs.iloc[:0]
    if len(shared):
        first = shared.iloc[0]
        raise Fault(
            f"{first['job']} ran beside {first['overlaps']} on one machine, so that its energy is not its own: "
            "expected jobs that ran alone; run them again one by one."
        )


def _machine(jobs: pd.DataFrame) -> dict[str, Any]:
    found = [_machine_fields(json.loads(text)) for text in jobs["machine"].dropna().unique()]
    different = [machine for machine in found if machine != found[0]]
    if different:
        raise Fault(
            f"the ledgers come from several machines ({found[0]} and {different[0]}): expected one; compare one "
            "machine's ledgers at a time."
        )
    return found[0] if found else {}


def _machine_fields(machine: dict[str, Any]) -> dict[str, Any]:
    """What comparable machines have in common: processor, cores, memory in whole GiB, GPUs and power limits."""
    fields = {name: machine.get(name) for name in MACHINE_FIELDS}
    if isinstance(fields["memory_gib"], float):
        fields["memory_gib"] = round(fields["memory_gib"])
    gpus = fields["gpus"] or []
    fields["gpus"] = [{"name": gpu.get("name"), "power_limit_w": gpu.get("power_limit_w")} for gpu in gpus]
    return fields


def _model(
    name: str, used: pd.DataFrame, epochs: pd.DataFrame, forecasts: pd.DataFrame, notes: list[str]
) -> ModelRecord:
    """One model's record; ``notes`` receives a clause for each kind of energy that is unknown."""
    parameters = used[PARAMETERS].dropna() if PARAMETERS in used else used["model"].iloc[:0]
    return ModelRecord(
        parameters=int(parameters.max()) if len(parameters) else None,
        status={part: _words(used, f"{part}_status") for part in COMPONENTS},
        source={part: _words(used, f"{part}_source") for part in COMPONENTS},
        epochs=_energies(name, "epoch", _settled(name, epochs), 1.0, notes),
        forecasts=_energies(name, "forecast", _passes(forecasts), forecasts.get(FORECASTS), notes),
        scope=_words(used, "energy_scope") if "energy_scope" in used else MACHINE,
    )


def _words(used: pd.DataFrame, column: str) -> str:
    known = {str(word) for word in used[column].dropna()} if column in used else set()
    return "; ".join(sorted(known)) or "not recorded"


def _settled(name: str, epochs: pd.DataFrame) -> pd.DataFrame:
    """Epochs without each attempt's first one, each once."""
    keys = ["job", "seed", "attempt"]
    if (epochs.groupby("seed", dropna=False, observed=True)["job"].nunique() > 1).any() or epochs.duplicated(
        [*keys, "epoch"]
    ).any():
        raise Fault(
            f"{name} was trained more than once with one seed: expected one ledger per model and seed; name the "
            "folder of one study."
        )
    warm_up = epochs.groupby(keys, dropna=False, observed=True)["epoch"].transform("min")
    kept = epochs[epochs["epoch"] > warm_up].sort_values("attempt")
    kept = kept.drop_duplicates(["seed", "epoch"], keep="last")
    return kept.assign(number=kept["epoch"]).sort_values(["seed", "epoch"])


def _passes(forecasts: pd.DataFrame) -> pd.DataFrame:
    return forecasts.assign(number=forecasts.groupby("seed", dropna=False, observed=True).cumcount() + 1)


def _energies(
    name: str, what: str, part: pd.DataFrame, count: pd.Series | float | None, notes: list[str]
) -> list[Energy]:
    """Energies per epoch or forecast; none of them, and a clause in ``notes``, where one is unknown."""
    if part.empty:
        return []
    unknown = int(part["energy_kwh"].isna().sum())
    if unknown:
        some = "" if unknown == len(part) else f"{unknown} of "
        notes.append(f"{name}: energy of {some}its {what}s is unknown")
        return []
    each = part["repeats"] * (1.0 if count is None else count)
    gross = part["energy_kwh"].astype("float64") / each
    net, machine = (
        part[column].astype("float64") / each if column in part else gross * float("nan")
        for column in ("net_kwh", "machine_kwh")
    )
    found = []
    columns = zip(part["seed"], part["number"], gross, net, machine, _alone(part), strict=True)
    for seed, number, kwh, net_kwh, machine_kwh, alone in columns:
        if not kwh > 0:
            raise Fault(
                f"{name}, seed {seed}, {what} {number} has no energy to compare ({kwh} kWh): expected a "
                "known energy above 0; see wattshed doctor for the sensors, or measure it for longer than they resolve."
            )
        run = None if pd.isna(seed) else int(seed)
        found.append(Energy(run, int(number), float(kwh), _known(net_kwh), _known(machine_kwh), alone))
    return found


def _alone(part: pd.DataFrame) -> list[bool | None]:
    """Whether each window was alone, None where that is not known.

    Of a window too short for the machine's counts it is what all windows of its run and seed say together.
    """
    shared = gpu_was_shared(part)
    if not set(USED) <= set(part):
        return [False if gpu else None for gpu in shared]
    used = part[list(USED)].astype("float64")
    together = used.groupby([part["job"], part["seed"]], dropna=False).transform("sum", min_count=1)
    rows = zip(shared, used.itertuples(index=False), together.itertuples(index=False), strict=True)
    return [False if gpu else _was_alone(own, whole) for gpu, own, whole in rows]


def _was_alone(own: Iterable[Any], whole: Iterable[Any]) -> bool | None:
    alone = was_alone(*map(_known, own))
    return was_alone(*map(_known, whole)) if alone is None else alone


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
