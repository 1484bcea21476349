"""Rolling origins: several test parts, each after a training and a validation part of its own."""

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.rolling import RollingCalendar
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment, Splits, refuse_useless
from wattshed.foundation.faults import Fault

# A training part needs a week of history before its first window.
LEAST_TRAIN_DAYS = 14


def split_origins(panel: Panel, rolling: RollingCalendar, windows: WindowsBlock) -> list[Splits]:
    """One set of parts per rolling origin, in the order of time, without later months.

    From the panel's end backwards, test and validation parts take turns, so that each step is in at most one of them:
    a choice on all validation parts sees no test step. The training part of an origin ends where its validation part
    begins; it starts with the panel (expanding), or holds ``train_days`` (sliding). Raises :class:`Fault` for a panel
    of too few hours, and as :func:`split_calendar` does.
    """
    if panel.windows is not None:
        raise Fault(
            f"rolling: the panel from {panel.source} holds labelled windows, whose source cuts them once; "
            "expected a panel of readings: take the block `rolling` out."
        )
    steps, day, per_hour = len(panel.times), panel.steps_per_day, panel.steps_per_hour
    validation_steps, test_steps = rolling.validation_days * day, rolling.test_days * day
    first = steps - rolling.origins * (validation_steps + test_steps)
    least = day * (rolling.train_days or LEAST_TRAIN_DAYS)
    if first < least:
        raise Fault(
            f"rolling: the panel has {steps / per_hour:,.10g} hours, too few for {rolling.origins} origins of "
            f"{rolling.validation_days} + {rolling.test_days} days after {least // day} days of training; "
            f"expected {(steps - first + least) // per_hour:,} hours: ask for fewer origins or shorter parts, or "
            "give a longer panel."
        )
    train_steps = rolling.train_days * day if rolling.train_days else first
    found = []
    for number in range(rolling.origins):
        begin = first + number * (validation_steps + test_steps)
        middle, end = begin + validation_steps, begin + validation_steps + test_steps
        splits = Splits(
            train=Segment("train", 0 if rolling.window == "expanding" else begin - train_steps, begin),
            validation=Segment("validation", begin, middle),
            test=Segment("test", middle, end),
            months=(),
        )
        for part in (splits.train, splits.validation, splits.test):
            where = f"rolling: origin {number + 1}"
            refuse_useless(part, panel, windows, where, "other days")
        found.append(splits)
    return found
