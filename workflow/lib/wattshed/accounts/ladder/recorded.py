"""A training that was run once and kept: its checks, its test errors, and where they come from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattshed.config.models.families import ModelBlock, read_model
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status, Window

# Columns of a record's checks. A seed's times and energies grow from check to check.
CHECKS = (
    *("seed", "check", "validation_rmse", "cumulative_kwh", "cumulative_s", "cumulative_samples"),
    *("cumulative_looking_kwh", "cumulative_looking_s"),
    *("own_cpu_s", "others_cpu_s", "duration_s"),
)
TEST = ("seed", "rmse", "mae")


@dataclass(frozen=True)
class Record:
    """checks: as :func:`training_checks` returns them; scores: as ``scores.parquet``, of all nodes together; about: the
    record's other keys."""

    checks: pd.DataFrame
    scores: pd.DataFrame
    about: dict[str, Any]


def read_record(path: Path, model: str, block: ModelBlock | None = None) -> Record:
    """A record, as the trained step ``model`` of a ladder.

    block: the model that the configuration names. Raises :class:`Fault` for a file that is none, and for a record of
    another model.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if tuple(found["checks_columns"]) != CHECKS or tuple(found["test_columns"]) != TEST:
            raise ValueError(f"its columns are not {', '.join(CHECKS)} and {', '.join(TEST)}")
        checks = pd.DataFrame(found["checks"], columns=list(CHECKS), dtype="float64")
        scores = pd.DataFrame(found["test"], columns=list(TEST), dtype="float64")
        status = str(Status(found["energy_status"]))
    except FileNotFoundError as error:
        raise Fault(
            f"{path} does not exist: the ladder's step {model!r} is recorded there; write it with "
            "benchmarks/record_training.py."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fault(
            f"{path} is not a record of a training ({type(error).__name__}: {error}): expected what "
            "benchmarks/record_training.py writes; restore the file."
        ) from error
    if checks.empty:
        raise Fault(
            f"{path} holds no check of the training: expected one row per epoch; record the training again."
        )
    _refuse_impossible(path, checks)
    whole = {"seed": "int64", "check": "int64"}
    checks = checks.astype(whole).assign(
        model=model, trial=1, energy_status=status, window=Window.EPOCH.value
    )
    scores = scores.astype({"seed": "int64"}).assign(model=model, scope="all")
    about = {key: value for key, value in found.items() if key not in ("checks", "test")}
    expected = None if block is None else _settings(block)
    if expected is not None and _completed(about.get("model")) != expected:
        raise Fault(
            f"{path} records the model {about.get('model')}: expected {expected}, which the ladder's step {model!r} "
            "names; name the recorded model, or record this one."
        )
    return Record(checks, scores, about)


def _completed(model: Any) -> Any:
    """A recorded model's settings, with the defaults of keys that its family got since; unchanged if it has no such
    model."""
    try:
        return _settings(read_model({**model, "recipe": None}))
    except (TypeError, ValueError, Fault):
        return model


def _settings(block: ModelBlock) -> dict[str, Any]:
    return block.model_dump(mode="json", exclude={"recipe", "engine"})


def read_tuning(path: Path) -> dict[str, float]:
    """Energy of each model's tuning [kWh]. Raises :class:`Fault` for a file that records none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        spent = {str(name): float(one["own_kwh"]) for name, one in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Fault(
            f"{path} is not a record of a tuning ({type(error).__name__}: {error}): expected what benchmarks/tune.py "
            "writes; restore the file or run make tune."
        ) from error
    for name, kwh in spent.items():
        if not kwh >= 0:
            raise Fault(
                f"{path} gives the tuning of {name!r} {kwh} kWh: expected 0 or more; restore the file or run make tune."
            )
    return spent


def _refuse_impossible(path: Path, checks: pd.DataFrame) -> None:
    """Seeds and checks are whole numbers, and what a seed has spent is never negative and never falls."""
    names = checks[["seed", "check"]].to_numpy()
    spent = checks[[name for name in CHECKS if name.startswith("cumulative_")]]
    for sound, what in (
        (bool((names == np.round(names)).all()), "a seed or a check that is not a whole number"),
        (not bool((spent < 0).any(axis=None)), "a negative time or energy"),
        (
            not bool((checks.groupby("seed")[list(spent)].diff() < 0).any(axis=None)),
            "a time or energy that falls",
        ),
    ):
        if not sound:
            raise Fault(
                f"{path} has {what}: expected what benchmarks/record_training.py writes; restore the file."
            )


def record_text(checks: pd.DataFrame, scores: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """The record as JSON with one check per line, so that a person can read it.

    checks: of :func:`training_checks`, of one model; scores: ``scores.parquet``; about: further keys.
    """
    status = sorted(set(checks["energy_status"]))
    own = (
        scores[(scores["scope"] == "all") & (scores["model"] == checks["model"].iloc[0])]
        if len(scores)
        else scores
    )
    tables = {
        "checks": checks[list(CHECKS)],
        "test": own[list(TEST)] if len(own) else pd.DataFrame(columns=list(TEST)),
    }
    head = json.dumps({**about, "energy_status": status[-1]}, indent=1)
    parts = [head.rstrip("}\n")]
    for name, table in tables.items():
        rows = json.loads(table.to_json(orient="values", double_precision=15))
        lines = ",\n  ".join(json.dumps([_shorter(value) for value in row]) for row in rows)
        parts.append(f' "{name}_columns": {json.dumps(list(table.columns))},\n "{name}": [\n  {lines}\n ]')
    return ",\n".join(parts) + "\n}\n"


def _shorter(value: Any) -> Any:
    """Seven digits are more than any of these numbers is good for."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.7g}")
