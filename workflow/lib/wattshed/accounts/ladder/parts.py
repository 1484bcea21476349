"""What each change of the ladder saves, and what the parts of the lead are."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from wattshed.accounts.ladder.checks import RUN, Spent, until_end
from wattshed.accounts.ladder.energy_to_error import RATIO, best_of, ratio_columns, spent_until

CHANGE, PART = "change", "part"


class Pair(NamedTuple):
    """Two steps that are compared: ``kind`` is a change of the ladder or a part of the lead."""

    kind: str
    name: str
    slow: str
    quick: str


def parts_frame(checks: pd.DataFrame, pairs: Sequence[Pair], test_rmse: Mapping[str, float]) -> pd.DataFrame:
    """One row per pair: how many times less energy the quick step takes than the slow one.

    checks: of :func:`training_checks`; test_rmse: step to its mean test RMSE. Columns: ``kind, name, slow, quick``;
    ``training_ratio, _low, _high``: of whole trainings; ``error_rmse``: the slow step's own best validation RMSE, and
    ``error_ratio, _low, _high, error_ratio_is``: of the energies to it; ``slow_rmse, quick_rmse`` (test).
    """
    rows: list[dict[str, Any]] = []
    for pair in pairs:
        whole = ratio_columns(_ends(checks, pair.slow), _ends(checks, pair.quick))
        error = best_of(checks, pair.slow)
        at_error = (
            dict.fromkeys(("ratio", "ratio_low", "ratio_high"), None) | {"ratio_is": ""}
            if error is None
            else ratio_columns(
                spent_until(checks, pair.slow, error, own_best=True),
                spent_until(checks, pair.quick, error, own_best=False),
            )
        )
        rows.append(
            {
                **pair._asdict(),
                **{f"training_{name}": whole[name] for name in RATIO},
                "error_rmse": error,
                **{f"error_{name}": value for name, value in at_error.items()},
                "slow_rmse": test_rmse.get(pair.slow),
                "quick_rmse": test_rmse.get(pair.quick),
            }
        )
    numbers = [f"{of}_{name}" for of in ("training", "error") for name in RATIO]
    columns = [*Pair._fields, *numbers, "error_rmse", "error_ratio_is", "slow_rmse", "quick_rmse"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys([*numbers, "error_rmse", "slow_rmse", "quick_rmse"], "float64"))


def _ends(checks: pd.DataFrame, model: str) -> list[Spent | None]:
    """What each whole training took; nothing of it is a bound."""
    runs = checks[checks["model"] == model].groupby(RUN, sort=False)
    return [until_end(run)._replace(is_bound=False) for _, run in runs]
