"""A job's budget: its limits, what is left of them, and whether they can still be kept."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wattshed.energy.budget.cost_forecast import CostForecast, forecast_cost
from wattshed.energy.budget.spent import spent_in, spent_of
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.energy.budget import BudgetBlock

VARIABLE = "WATTSHED_BUDGET"


@dataclass(frozen=True)
class Limit:
    """One limit as energy [kWh].

    before_kwh: what counts against it from before this run. of_study: it limits all jobs of the study together.
    """

    text: str
    kwh: float
    before_kwh: float = 0.0
    of_study: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do after an epoch, with this run's energy so far and its forecast final energy [kWh].

    high_kwh is infinite after a single epoch, which shows no spread. exhausted: a limit is reached; else the forecast
    says that it will be exceeded.
    """

    action: Literal["continue", "stop"]
    spent_kwh: float
    forecast_kwh: float
    low_kwh: float
    high_kwh: float
    sentence: str
    exhausted: bool = False


@dataclass(frozen=True)
class Budget:
    """Limits, and what converts them into energy: a mass is an energy x PUE x intensity.

    Raises :class:`Fault` for a limit in kg without an intensity, and for one of the study without its folder.
    """

    block: BudgetBlock
    intensity_kg_per_kwh: float | None = None
    pue: float = 1.0
    study_folder: Path | None = None

    def __post_init__(self) -> None:
        block = self.block
        if self.intensity_kg_per_kwh is None and (block.run_kg is not None or block.study_kg is not None):
            raise Fault(
                "energy.budget has a limit in kg, but the place is unknown and with it the carbon intensity: a kg "
                "budget without a known place cannot be kept; set energy.country_iso, or give the limit in kWh."
            )
        if self.study_folder is None and (block.study_kwh is not None or block.study_kg is not None):
            raise Fault(
                f"{VARIABLE} has a limit for the study but no study_folder: expected the folder that holds its "
                "ledgers; add it."
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Budget | None:
        """The budget in ``WATTSHED_BUDGET``, None if there is no limit.

        It is JSON: the keys of the block ``budget``, and ``intensity_kg_per_kwh`` (or null), ``pue``,
        ``study_folder``. Raises :class:`Fault` for anything else.
        """
        text = (os.environ if environment is None else environment).get(VARIABLE)
        if not text:
            return None
        from pydantic import ValidationError

        from wattshed.config.energy.budget import BudgetBlock

        try:
            given = json.loads(text)
            intensity = _number(given.pop("intensity_kg_per_kwh", None), "intensity_kg_per_kwh", 0.0)
            pue = _number(given.pop("pue", 1.0), "pue", 1.0)
            folder = given.pop("study_folder", None)
            block = BudgetBlock.model_validate(given)
            place = Path(folder) if folder else None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise _unreadable(f"{where}: {first['msg']}") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise _unreadable(str(error)) from error
        return cls(block, intensity, 1.0 if pue is None else pue, place) if block.any_limit else None

    def to_json(self) -> str:
        """The value of ``WATTSHED_BUDGET`` that :meth:`from_environment` reads."""
        return json.dumps(
            {
                **self.block.model_dump(),
                "intensity_kg_per_kwh": self.intensity_kg_per_kwh,
                "pue": self.pue,
                "study_folder": None if self.study_folder is None else str(self.study_folder),
            }
        )

    def limits(self, part: Path, *, resumes: bool, own_kwh: float = 0.0) -> list[Limit]:
        """The limits of a job that is about to start, or to begin its next run, as energies.

        part: the job's own ledger; if the job resumes, the energy in it belongs to this run. own_kwh: what the job's
        meter counts so far; the ledger knows less after windows shorter than the sensors resolve. Raises :class:`Fault`
        if the study's budget is already spent, if a ledger of the study does not know its energy, and if the job's
        own ledger lies outside the study's folder.
        """
        block = self.block
        found = [
            Limit(text, kwh)
            for text, kwh in self._as_energy(("run's", block.run_kwh, block.run_kg))
            if kwh < math.inf
        ]
        if block.study_kwh is None and block.study_kg is None:
            return found
        folder = self.study_folder.resolve() if self.study_folder else Path()
        own = part.resolve()
        if not own.is_relative_to(folder):
            raise Fault(
                f"{part} lies outside the study's folder {self.study_folder}, so its energy would not count against "
                "the study's budget: expected the study's own ledger folder; correct study_folder."
            )
        in_ledgers_kwh = spent_in(folder)
        in_own_kwh = spent_of(own) if resumes and own.exists() else 0.0
        before_kwh = in_ledgers_kwh - in_own_kwh
        everything_kwh = before_kwh + max(in_own_kwh, own_kwh)
        for text, kwh in self._as_energy(("study's", block.study_kwh, block.study_kg)):
            if everything_kwh >= kwh:
                raise Fault(
                    f"the {text} is spent: the ledgers in {self.study_folder} hold {everything_kwh:.3g} kWh of "
                    f"{kwh:.3g} kWh, so nothing more was run; raise the limit in energy.budget or run fewer jobs."
                )
            found.append(Limit(text, kwh, before_kwh, of_study=True))
        return found

    def _as_energy(self, limits: tuple[str, float | None, float | None]) -> list[tuple[str, float]]:
        whose, kwh, kg = limits
        found = [] if kwh is None else [(f"{whose} budget of {kwh:g} kWh", kwh)]
        if kg is not None:
            factor = self.pue * (self.intensity_kg_per_kwh or 0.0)
            found.append((f"{whose} budget of {kg:g} kg CO2e", kg / factor if factor else math.inf))
        return found


def decide(
    epoch_kwh: Sequence[float],
    spent_kwh: float,
    epochs_left: int,
    limits: Sequence[Limit],
    forecast_after_epochs: int,
) -> Decision:
    """Whether a run may continue after an epoch.

    epoch_kwh: energy of each epoch so far. spent_kwh: all of this run's, earlier attempts included.
    epochs_left: by the recipe; 0 if the training has ended by itself, and then the answer is to continue.
    The run stops when a limit is reached. From ``forecast_after_epochs`` on it also stops when the lower end of the
    forecast exceeds a limit.
    """
    forecast = forecast_cost(epoch_kwh, spent_kwh, epochs_left)
    broken, exhausted = None, False
    for limit in limits:
        if limit.before_kwh + spent_kwh >= limit.kwh:
            broken, exhausted = limit, True
            break
        kept = limit.before_kwh + forecast.low_kwh <= limit.kwh
        if not kept and broken is None and len(epoch_kwh) >= forecast_after_epochs:
            broken = limit
    stops = broken is not None and epochs_left > 0
    return Decision(
        "stop" if stops else "continue",
        spent_kwh,
        forecast.kwh,
        forecast.low_kwh,
        forecast.high_kwh,
        _sentence(forecast, spent_kwh, epochs_left, broken, exhausted),
        exhausted,
    )


def _sentence(
    forecast: CostForecast, spent_kwh: float, epochs_left: int, broken: Limit | None, exhausted: bool
) -> str:
    so_far = f"{spent_kwh:.3g} kWh spent"
    if broken is not None and broken.before_kwh:
        so_far += f" here and {broken.before_kwh:.3g} kWh before"
    ahead = ""
    if epochs_left:
        spread = (
            f" ({forecast.low_kwh:.3g} to {forecast.high_kwh:.3g})" if forecast.high_kwh < math.inf else ""
        )
        ahead = (
            f", {forecast.kwh:.3g} kWh{spread} forecast for the whole run with {epochs_left} more epochs; "
            "early stopping can only reduce it"
        )
    if broken is None:
        return so_far + ahead
    mass = "" if "kWh" in broken.text else f" ({broken.kwh:.3g} kWh)"
    if exhausted:
        return f"the {broken.text}{mass} is spent: {so_far}{ahead}"
    return f"the {broken.text}{mass} cannot be kept: {so_far}{ahead}"


def _number(value: object, name: str, least: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise ValueError(f"{name} is {value!r}; expected a number of at least {least:g}")
    return float(value)


def _unreadable(why: str) -> Fault:
    return Fault(
        f"{VARIABLE} cannot be read ({why}): expected the JSON that the workflow makes of energy.budget; "
        "correct the study or unset the variable."
    )
