"""The words of tables, figures and sentences in a study of classes.

They are written for readings: nodes, hours, days and months. In a study of classes a node is a class, an hour a
labelled window, a day 24 windows that follow one another, and a month a later part of each series (docs/classes.md).
A reader of its report should meet classes, windows and parts alone.
"""

import re
from functools import cache

from wattshed.foundation.hours import DAY_H
from wattshed.publish.parts.inputs import Inputs

# Setting of all parts of a study of classes.
LABELLED = "labelled"
# Tables of others' measurements, which were of readings.
OF_OTHERS = ("engine", "reproduction")
# Whole phrases first, then single words; the first that fits counts.
PHRASES = {
    "a dash over days": "a dash over windows",
    "a forecast is that of one node from one origin": "a forecast is the probability of one class for one window",
    "forecasts of one node each": "probabilities of one class for one window each",
    "forecasts of one node": "probabilities of one class for one window",
    "forecast of one node": "probability of one class for one window",
    "one node's whole horizon": "the probability of one class for one window",
    "one window of all nodes": "one window",
    "its own hours on days before": "earlier windows of its series",
    "hours on days before": "earlier windows",
    "days before": "earlier windows",
    "hour of day or weekday": "the calendar",
    "the node's own look-back": "the window itself",
    "the look-back": "the window",
    "look-back": "window",
    "other nodes": "other classes",
    "the hours of all these tails": "the windows of all these tails",
    "all horizons and observed cells": "all classes and windows",
    "error by time ahead": "error by window",
    "horizons, nodes": "classes",
    "single nodes and seasons, the graph": "single classes",
    "month by month": "part by part",
    "start of the month; each month": "later part; each part",
    "start of the month": "later part",
    "one month's": "one part's",
    "data, split and graph": "data and split",
    "more seeds may decide": "more windows or seeds may decide",
}
NOUNS = {"node": "class", "hour": "window", "day": "window", "month": "part"}
PLURALS = {"class": "classes"}


def in_class_words(text: str) -> str:
    """The text with classes for nodes, windows for hours and days, and parts for months."""
    # Parts of a series may end within a day.
    text = re.sub(
        r"\b(blocks?) of (\d+) days\b",
        lambda found: f"{found[1]} of up to {DAY_H * int(found[2])} windows",
        text,
    )
    text = re.sub(r"\b(\d+) days?\b", rf"\1 stretches of up to {DAY_H} windows", text)
    return (
        _pattern()
        .sub(lambda found: _like(found[0], _word(found[0].lower())), text)
        .replace("mprobability/J", "10⁻³/J")
    )


def says_classes(inputs: Inputs) -> bool:
    """Whether the study is one of classes."""
    return bool(inputs.parameter(LABELLED))


@cache
def _pattern() -> re.Pattern[str]:
    words = [*PHRASES, *(form for noun in NOUNS for form in (f"{noun}s", noun))]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)


def _word(known: str) -> str:
    if known in PHRASES:
        return PHRASES[known]
    if known in NOUNS:
        return NOUNS[known]
    one = NOUNS[known.removesuffix("s")]
    return PLURALS.get(one, f"{one}s")


def _like(known: str, word: str) -> str:
    """With a capital where the known words have one."""
    return word[0].upper() + word[1:] if known[0].isupper() else word
