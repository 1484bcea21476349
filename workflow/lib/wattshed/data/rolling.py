"""Rolling origins: several test parts, each after a training and a validation part of its own."""

from wattshed.config.data.data import WindowsBlock
from wattshed.config.models.rolling import RollingCalendar
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment, Splits, refuse_useless
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import DAY_H

# A training part needs a week of history before its first window.
LEAST_TRAIN_DAYS = 14


def split_origins(panel: Panel, rolling: RollingCalendar, windows: WindowsBlock) -> list[Splits]:
    """One set of parts per rolling origin, in the order of time, without later months.

    From the panel's end backwards, test and validation parts take turns, so that each hour is in at most one of them:
    a choice on all validation parts sees no test hour. The training part of an origin ends where its validation part
    begins; it starts with the panel (expanding), or holds ``train_days`` (sliding). Raises :class:`Fault` for a panel
    of too few hours, and as :func:`split_calendar` does.
    """
    if panel.windows is not None:
        raise Fault(
            f"rolling: the panel from {panel.source} holds labelled windows, whose source cuts them once; "
            "expected a panel of readings: take the block `rolling` out."
        )
    hours = len(panel.times)
    validation_h, test_h = rolling.validation_days * DAY_H, rolling.test_days * DAY_H
    first = hours - rolling.origins * (validation_h + test_h)
    least_h = DAY_H * (rolling.train_days or LEAST_TRAIN_DAYS)
    if first < least_h:
        raise Fault(
            f"rolling: the panel has {hours:,} hours, too few for {rolling.origins} origins of "
            f"{rolling.validation_days} + {rolling.test_days} days after {least_h // DAY_H} days of training; "
            f"expected {hours - first + least_h:,} hours: ask for fewer origins or shorter parts, or give a "
            "longer panel."
        )
    train_h = rolling.train_days * DAY_H if rolling.train_days else first
    found = []
    for number in range(rolling.origins):
        begin = first + number * (validation_h + test_h)
        middle, end = begin + validation_h, begin + validation_h + test_h
        splits = Splits(
            train=Segment("train", 0 if rolling.window == "expanding" else begin - train_h, begin),
            validation=Segment("validation", begin, middle),
            test=Segment("test", middle, end),
            months=(),
        )
        for part in (splits.train, splits.validation, splits.test):
            where = f"rolling: origin {number + 1}"
            refuse_useless(part, panel, windows, where, "other days")
        found.append(splits)
    return found
