"""Which model to use, and which checkpoint for how many forecasts, in plain sentences."""

from wattshed.accounts.comparison.decisions import Decisions
from wattshed.accounts.recommend.words import headline
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Status
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.recommended import recommendations_of
from wattshed.publish.sentences.winner import change_text, error_text
from wattshed.publish.typesetting.table import plain, significant_text, spaced_percent


def what_to_use_sentence(decisions: Decisions, unit: str) -> str:
    """Name the model to use, its error and energy, and what the model of least error would cost instead.

    unit: of the errors.
    """
    use, best = decisions.use, decisions.best
    error, of = decisions.error.upper(), len(decisions.frame)
    alike = ", ".join(name for name in decisions.alike if name not in decisions.unknown)
    known = decisions.row(use)["training_kwh"] == decisions.row(use)["training_kwh"]
    if use == best:
        sentence = f"What to use: {use}. Of {of} models it has the least validation {error}"
        if not known:
            sentence += "; no energy is known to compare"
        elif alike:
            sentence += (
                f", and it costs the least, {_joules(decisions, use)}, of all that cannot be told apart from it there: "
                f"{alike}"
            )
        elif decisions.alike:
            sentence += f"; its training takes {_joules(decisions, use)}"
        else:
            sentence += f", and all others are worse there; its training takes {_joules(decisions, use)}"
        sentence += f". Its test {error} is {error_text(decisions, use, unit)}"
    else:
        sentence = (
            f"What to use: {use}. {best} has the least validation {error} of {of} models, and of those that cannot be "
            f"told apart from it there ({alike}), {use} costs the least: {_joules(decisions, use)}"
            f"{_instead(decisions)}. On the test part, {use} has {error_text(decisions, use, unit)}, "
            f"{change_text(decisions, use)} that of {best}, {plain(decisions.row(best)['error'], 4)} {unit}: "
            f"{decisions.row(use)['outcome']}"
        )
    unknown = [name for name in decisions.unknown if known]
    if unknown:
        sentence += f"; left out because their energy is unknown: {', '.join(unknown)}"
    if decisions.single:
        sentence += f"; trained with one seed, so the spread is unknown: {', '.join(decisions.single)}"
    return sentence + "."


def recommended_sentences(inputs: Inputs) -> list[str]:
    """One for each number of forecasts. Needs the inputs ``checkpoints`` and ``compared_days``."""
    found = recommendations_of(inputs)
    return [found] if isinstance(found, str) else [spaced_percent(headline(one)) for one in found]


def _instead(decisions: Decisions) -> str:
    use, best = (decisions.row(model) for model in (decisions.use, decisions.best))
    if not best["training_kwh"] > 0:
        return ""
    # What costs nothing has no ratio to anything.
    ratio = best["training_kwh"] / use["training_kwh"] if use["training_kwh"] > 0 else None
    times = "" if ratio is None else f", {significant_text(ratio)} times as much"
    return f" where {decisions.best} takes {_joules(decisions, decisions.best)}{times}"


def _joules(decisions: Decisions, model: str) -> str:
    row = decisions.row(model)
    if row["energy_status"] == Status.NO_FIT:
        return "nothing, as there is nothing to fit"
    return f"{significant_text(row['training_kwh'] * JOULES_PER_KWH)} J ({row['energy_status']})"
