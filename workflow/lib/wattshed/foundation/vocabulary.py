"""The names of stages, windows, statuses, outcomes and phases in ledgers and frames.

Members are strings, so they compare and print like the values in files.
"""

from enum import StrEnum


class Stage(StrEnum):
    """What a measured job does, in the order of the tables."""

    # Of the device, for predictions: kernels and steps that belong to no model of the study.
    CALIBRATION = "calibration"
    TRAINING = "training"
    # The same models again, once for each rolling origin.
    ROLLING = "rolling"
    INFERENCE = "inference"
    ADAPTATION = "adaptation"
    COMPRESSION = "compression"
    COMPARISON = "comparison"
    # Training steps at every memory level, which belong to no training of the study.
    MEMORY = "memory"
    CLOCKS = "clocks"
    # A command under `wattshed measure`, and a run recorded by CodeCarbon elsewhere.
    COMMAND = "command"
    FOREIGN = "foreign"
    # Never written: jobs whose results no longer exist, in the accounts of a study.
    SUPERSEDED = "superseded"


class Window(StrEnum):
    """Names of a ledger's windows."""

    EPOCH = "epoch"
    FIT = "fit"
    FORECAST = "forecast"
    UPDATE = "update"
    MAKE = "make"
    FINE_TUNE = "fine_tune"
    MEASURE = "measure"
    SWEEP = "sweep"
    COMMAND = "command"


# The windows of one training; their energies add up to its energy.
TRAINING_WINDOWS = (Window.EPOCH, Window.FIT)


class Status(StrEnum):
    """How an energy is known, best first."""

    # Never written: what has nothing to fit costs nothing, and less than any meter can tell.
    NO_FIT = "no fit"
    MEASURED = "measured"
    ESTIMATED = "estimated"
    RETRO_ESTIMATED = "retro-estimated"
    MISSING = "missing"


class Outcome(StrEnum):
    """How an attempt of a job ended."""

    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    # Never written: a ledger whose last attempt has no end.
    KILLED = "killed"


class Part(StrEnum):
    """A part of the panel on which errors are counted: models are chosen on the first and reported on the second.

    LATER: the held-out tails of all later months together.
    """

    VALIDATION = "validation"
    TEST = "test"
    LATER = "later"


class Comparison(StrEnum):
    """What one paired test says of a model's error against another's."""

    BETTER = "better"
    NOT_TOLD_APART = "not told apart"
    WORSE = "worse"


class Worth(StrEnum):
    """Whether a cheaper way pays on this machine: a saving is shown, and so is an error within its budget."""

    WORTH_IT = "worth it here"
    UNDECIDED = "undecided"
    NOT_WORTH_IT = "not worth it here"


class Phase(StrEnum):
    """How a month was evaluated in continual learning: before it was learned, or on its held-out tail."""

    PREQUENTIAL = "prequential"
    HELD_OUT = "held_out"


class Information(StrEnum):
    """What a forecast is made from, in the order of the tables. Every family and baseline declares what it sees."""

    # The node's own hours of the look-back, and its own hours before it (yesterday, last week).
    LOOK_BACK = "look-back"
    DAYS_BEFORE = "days before"
    # Any hours of other nodes.
    NEIGHBOURS = "neighbours"
    # The hour of day or the weekday.
    CALENDAR = "calendar"
    # What is learned for this node alone. Scaling by the node's own mean and deviation does not count.
    NODE = "node"
    WEATHER = "weather"


# Between the steps of a lineage's name, such as ``stgnn+replay``.
LINEAGE_JOINT = "+"
# A job's label that says which GPUs of its node were not metered.
GPUS_NOT_METERED = "gpus_not_metered"
