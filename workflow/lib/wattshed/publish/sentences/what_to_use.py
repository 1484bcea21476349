"""Which model to use, in one plain sentence."""

from wattshed.accounts.comparison.advice import Advice, RatedModel
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.typesetting.table import plain, significant_text


def what_to_use_sentence(advice: Advice, unit: str) -> str:
    """Name the model to use, its error and energy, and what the model of least error would cost instead.

    unit: of the errors.
    """
    use, best = advice.use, advice.best
    if use.model == best.model:
        sentence = (
            f"What to use: {use.model}. Its test RMSE, {_error(use, unit)}, is the least of {advice.compared}"
        )
        if use.kwh is None:
            sentence += "; no energy is known to compare"
        elif advice.alike:
            sentence += (
                f", and its training takes the least energy, {_joules(use)}, among it and those that cannot be "
                f"distinguished from it: {', '.join(advice.alike)}"
            )
        else:
            sentence += f", clearly less than that of all others; its training takes {_joules(use)}"
    else:
        sentence = (
            f"What to use: {use.model}. {best.model} has the least test RMSE of {advice.compared}, "
            f"{_error(best, unit)}, but {use.model}, {_error(use, unit)}, cannot be distinguished from it, and its "
            f"training takes the least energy of all such models: {_joules(use)}{_instead(use, best)}"
        )
        others = [name for name in advice.alike if name != use.model]
        if others:
            sentence += f"; these cannot be distinguished from the best either: {', '.join(others)}"
    unknown = [name for name in advice.unknown if use.kwh is not None]
    if unknown:
        sentence += f"; left out because their energy is unknown: {', '.join(unknown)}"
    if advice.single:
        sentence += f"; trained with one seed, so the spread is unknown: {', '.join(advice.single)}"
    return sentence + "."


def _instead(use: RatedModel, best: RatedModel) -> str:
    if best.kwh is None or use.kwh is None:
        return ""
    times = f", {significant_text(best.kwh / use.kwh)} times as much" if use.kwh > 0 else ""
    return f" where {best.model} takes {_joules(best)}{times}"


def _error(of: RatedModel, unit: str) -> str:
    return f"{plain(of.rmse, 4)} {unit} (n = {of.n})"


def _joules(of: RatedModel) -> str:
    return f"{significant_text((of.kwh or 0.0) * JOULES_PER_KWH)} J ({of.energy_status})"
