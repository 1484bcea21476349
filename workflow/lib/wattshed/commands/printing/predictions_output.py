"""What ``wattshed predict`` prints: one row per model, least energy first, with a bar to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.law.predicting.prediction import Cost
from wattshed.law.predicting.ranking import Candidate, Place, cost_of, mass_g

if TYPE_CHECKING:
    from rich.table import Table

BAR_WIDTH = 18
JOULE_STEPS = ((1e6, "MJ"), (1e3, "kJ"), (1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ"))
SECOND_STEPS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
GRAM_STEPS = ((1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "µg"))
HEADS = ("step", "epoch", "training")
ESTIMATED = (
    "The calibration had no counter of energy to read: its energies are estimated from the processor's time and a "
    "stated power, so that what is predicted here is mostly time."
)


def print_predictions(
    ranking: Sequence[Place],
    candidates: Sequence[Candidate],
    without: Sequence[dict[str, str]],
    quantity: str,
) -> None:
    console = open_console()
    if ranking:
        several = len({place.candidate.study for place in ranking}) > 1
        heads = list(HEADS)
        table = plain_table(
            f"Predicted own energy, ranked by {quantity}, with 90 % intervals of it",
            "",
            *(["study"] if several else []),
            *("model", *heads, "× least", ""),
            numeric=("", *heads, "× least"),
        )
        most = max(place.cost.energy_j for place in ranking)
        for place in ranking:
            prediction = place.candidate.prediction
            costs = [cost_of(prediction, name) for name in heads]
            table.add_row(
                f"{place.rank}{'≈' if place.with_first and place.rank > 1 else ''}",
                *([place.candidate.study] if several else []),
                prediction.model,
                *(
                    _cell(cost, with_interval=name == quantity)
                    for name, cost in zip(heads, costs, strict=True)
                ),
                f"{place.ratio:.3g}",
                bar(place.cost.energy_j / most),
            )
        console.print(table)
        console.print(_times_and_masses(ranking, several=several))
        if any(place.with_first and place.rank > 1 for place in ranking):
            console.print(
                "≈: its interval reaches that of the first, so that the order of the two is not shown.",
                markup=False,
            )
        epochs = ", ".join(dict.fromkeys(_length(place.candidate) for place in ranking))
        console.print(
            f"A training is of one seed with all epochs that the recipe allows ({epochs}); early stopping can only "
            "make it shorter.",
            markup=False,
        )
        if any(place.candidate.energy_status == "estimated" for place in ranking):
            console.print(ESTIMATED, markup=False)
    shown = {id(place.candidate) for place in ranking}
    for one in candidates:
        if id(one) not in shown:
            console.print(
                f"{one.study}, {one.name}: solved in closed form, so it has no {quantity}.", markup=False
            )
    for entry in without:
        console.print(f"Not predicted: {entry['study']}, {entry['model']}: {entry['why_none']}", markup=False)


def _times_and_masses(ranking: Sequence[Place], *, several: bool) -> Table:
    """Seconds and grams of a step, an epoch and a training, in the order of the ranking."""
    columns = [f"{what}, {head}" for what in ("time", "CO2e") for head in HEADS]
    table = plain_table(
        "Predicted time and CO2e of the same", *(["study"] if several else []), "model", *columns,
        numeric=tuple(columns),
    )  # fmt: skip
    for place in ranking:
        prediction = place.candidate.prediction
        costs = [cost_of(prediction, head) for head in HEADS]
        masses = [mass_g(prediction, head) for head in HEADS]
        table.add_row(
            *([place.candidate.study] if several else []),
            prediction.model,
            *("–" if cost is None else seconds(cost.time_s) for cost in costs),
            *(
                "–" if cost is None else "unknown" if mass is None else scaled(mass, GRAM_STEPS)
                for cost, mass in zip(costs, masses, strict=True)
            ),
        )
    return table


def _cell(cost: Cost | None, *, with_interval: bool) -> str:
    if cost is None:
        return "–"
    return energy(cost) if with_interval else scaled(cost.energy_j, JOULE_STEPS)


def _length(candidate: Candidate) -> str:
    one = candidate.prediction
    if not one.epochs:
        return f"{one.model}: solved in closed form"
    return f"{one.model}: {one.epochs} x {one.steps_per_epoch} steps"


def energy(cost: Cost) -> str:
    """Energy with its interval in one unit: ``1.23 kJ [1.1, 1.4]``."""
    factor, unit = next(
        ((size, name) for size, name in JOULE_STEPS if cost.energy_j >= size), JOULE_STEPS[-1]
    )
    low, high = cost.energy_low_j / factor, cost.energy_high_j / factor
    return f"{cost.energy_j / factor:.3g} {unit} [{low:.3g}, {high:.3g}]"


def seconds(value: float) -> str:
    """A time as a reader would say it: ``3 min 20 s``."""
    if value < 90:
        return scaled(value, SECOND_STEPS)
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def scaled(value: float, steps: Sequence[tuple[float, str]]) -> str:
    """A number in the largest unit of which it has at least one."""
    factor, unit = next(((size, name) for size, name in steps if value >= size), steps[-1])
    return f"{value / factor:.3g} {unit}"


def bar(share: float) -> str:
    """A bar for a share of the largest value, at least a sliver."""
    eighths = max(1, round(share * BAR_WIDTH * 8))
    full, part = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")
