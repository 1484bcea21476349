"""The report's three answers: the best model, the cheapest that is not worse, and what the last percent costs."""

from typing import Any, NamedTuple

import pandas as pd

from wattshed.accounts.comparison.decisions import MARGIN, Decisions, changes_against
from wattshed.accounts.standings.standings import counts, step_before, training_ratio
from wattshed.foundation.vocabulary import Comparison, Status
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.standing import standings_of
from wattshed.publish.sentences.controls import graph_words
from wattshed.publish.sentences.winner import single_block
from wattshed.publish.typesetting.table import plain, powers, powers_interval, significant_text
from wattshed.statistics.intervals import Interval


class Answer(NamedTuple):
    question: str
    sentence: str


# Outcomes within a sentence.
WORDS = {
    Comparison.BETTER: "better",
    Comparison.NOT_TOLD_APART: "cannot be distinguished",
    Comparison.WORSE: "worse",
}


def answers(inputs: Inputs) -> list[Answer]:
    """Question and sentence, each with interval and outcome. Needs ``days``, ``frontier`` and ``windows``."""
    decisions, frame = decisions_of(inputs), standings_of(inputs)
    rows = {str(row["model"]): row for row in frame.to_dict("records")}
    # Twins on a shuffled graph are controls, not competitors.
    competitors = counts(frame[~frame["model"].isin(inputs.parameter("controls") or ())])
    return [
        Answer(
            "Which model is best?",
            " ".join(
                filter(None, [best_sentence(decisions, rows, competitors, inputs.unit), graph_words(inputs)])
            ),
        ),
        Answer(
            "What is the cheapest that validation cannot tell from it?",
            cheapest_sentence(decisions, rows, inputs),
        ),
        Answer("What does the last percent cost?", last_percent_sentence(decisions, frame, inputs)),
    ]


def best_sentence(
    decisions: Decisions, rows: dict[str, dict[Any, Any]], outcomes: dict[str, int], unit: str
) -> str:
    """The choice of the validation part with its test error, against the best naive and all others."""
    best = rows[decisions.best]
    sentence = (
        f"{decisions.best} (chosen on validation): test RMSE {plain(best['error'], 3)} {unit} "
        f"{_ends(best['low'], best['high'], 3, str(best['wider']))}"
    )
    naive = best["naive"]
    if naive and naive != decisions.best:
        sentence += (
            f", {_change(best['naive_change_share'], best['naive_change_low'], best['naive_change_high'])} than "
            f"the best naive model, {naive} ({WORDS[Comparison(best['naive_outcome'])]})"
        )
    others = [
        f"{count} {word}"
        for count, word in (
            (outcomes[Comparison.BETTER], "better"),
            (outcomes[Comparison.NOT_TOLD_APART], "not distinguishable from it"),
            (outcomes[Comparison.WORSE], "worse"),
        )
        if count
    ]
    if decisions.blocks < 2:
        return f"{sentence}. {single_block()}"
    return f"{sentence}. Of the {sum(outcomes.values())} others the test part finds {', '.join(others) or 'none'}."


def cheapest_sentence(decisions: Decisions, rows: dict[str, dict[Any, Any]], inputs: Inputs) -> str:
    """The cheapest of those that the validation part cannot tell from the best, and what the test part says of it."""
    best, use = rows[decisions.best], rows[decisions.use]
    if decisions.use == decisions.best:
        if decisions.best in decisions.unknown:
            return (
                f"Not known: the energy of {decisions.best} is not known, nor of any model that is like it."
            )
        dearer = [name for name in decisions.alike if name not in decisions.unknown]
        others = f"; these are like it and not cheaper: {', '.join(dearer)}" if dearer else ""
        if decisions.unknown:
            others += f"; these are like it and their energy is not known: {', '.join(decisions.unknown)}"
        return (
            f"{decisions.best} itself, {_joules(best)} of training: every model known to be cheaper is worse "
            f"on validation, shown or by more than {100 * MARGIN:.0f} %{others}."
        )
    ratio = _ratio_text(training_ratio(inputs.frame("windows"), decisions.best, decisions.use), "times")
    return (
        f"{decisions.use}, {_joules(use)} of training where {decisions.best} takes {_joules(best)}{ratio}. The "
        f"validation part cannot distinguish the two; on the test part its RMSE is {plain(use['error'], 3)} "
        f"{inputs.unit}, {_change(use['change_share'], use['change_low'], use['change_high'])} "
        f"({WORDS[Comparison(use['outcome'])]})."
    )


def last_percent_sentence(decisions: Decisions, frame: pd.DataFrame, inputs: Inputs) -> str:
    """From the next cheaper model on the front to the best one: how much error, for how much energy."""
    rows = {str(row["model"]): row for row in frame.to_dict("records")}
    best = rows[decisions.best]
    before = step_before(frame, decisions.best)
    if pd.isna(best["training_j_mean"]):
        return f"Unknown: the energy of {decisions.best} is not known."
    if before is None:
        return f"Nothing: no cheaper model on the front is useful, so {decisions.best} is the first step."
    changes = changes_against(inputs.frame("days"), before).to_dict("records")
    change = next(row for row in changes if row["model"] == decisions.best)
    more = best["training_j_mean"] - rows[before]["training_j_mean"]
    ratio = _ratio_text(training_ratio(inputs.frame("windows"), decisions.best, before), "times")
    fall = _change(change["change_share"], change["change_low"], change["change_high"])
    per = ""
    if change["change_share"] < 0:
        per = f": {significant_text(more / abs(100 * change['change_share']))} J per percent"
    return (
        f"From {before} to {decisions.best}, the last step of the front: RMSE {fall} "
        f"({WORDS[Comparison(change['outcome'])]}) for {significant_text(more)} J more{ratio}{per}."
    )


def _joules(row: dict[Any, Any]) -> str:
    if row["energy_status"] == Status.NO_FIT:
        return "no energy"
    if pd.isna(row["training_j_mean"]):
        return "an unknown energy"
    ends = ""
    if pd.notna(row["training_j_low"]):
        ends = f" [{significant_text(row['training_j_low'])}, {significant_text(row['training_j_high'])}]"
    return f"{significant_text(row['training_j_mean'])} J{ends} ({row['energy_status']}, n = {row['training_j_n']})"


def _ratio_text(ratio: Interval, word: str) -> str:
    if ratio.mean is None:
        return ""
    ends = ""
    if ratio.low is not None and ratio.high is not None:
        ends = f" {powers_interval(ratio.low, ratio.high).text}"
    return f", {powers(ratio.mean).text} {word}{ends} as much"


def _change(share: float, low: float, high: float) -> str:
    """``2.5 % [0.7, 4.3] higher``: the ends have the sign of the word."""
    word = "lower" if share < 0 else "higher"
    sign = -1 if share < 0 else 1
    ends = (
        ""
        if pd.isna(low)
        else f" [{', '.join(plain(100 * end, 1) for end in sorted((sign * low, sign * high)))}]"
    )
    return f"{plain(100 * abs(share), 1)} %{ends} {word}"


def _ends(low: float, high: float, places: int, over: str) -> str:
    return "(no interval)" if pd.isna(low) else f"[{plain(low, places)}, {plain(high, places)}] over {over}"
