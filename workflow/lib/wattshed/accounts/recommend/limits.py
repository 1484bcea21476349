"""What a user asks of a checkpoint, and how each candidate stands to it."""

from dataclasses import dataclass, field
from enum import StrEnum

from wattshed.foundation.vocabulary import Part
from wattshed.statistics.intervals import Interval


@dataclass(frozen=True)
class Limits:
    """What the checkpoint must keep to, and for how many forecasts it is used.

    forecasts: of one node from one origin each; error_rise_share: largest accepted rise of RMSE and of MAE over the
    reference; r2_floor: least R2; latency_s: largest time of one window of all nodes; size_bytes: largest size of the
    stored weights; None: no such limit. against: lineage of the reference, None for the one of least error. part:
    where errors are judged.
    """

    forecasts: float
    error_rise_share: float
    r2_floor: float | None = None
    latency_s: float | None = None
    size_bytes: float | None = None
    against: str | None = None
    part: Part = Part.VALIDATION


class OptionStanding(StrEnum):
    """How a candidate stands to the limits, in the order of the lists."""

    CHOSEN = "chosen"
    COSTS_MORE = "keeps the limits, costs more"
    UNKNOWN_ENERGY = "keeps the limits, energy unknown"
    UNDECIDED = "undecided"
    REFUSED = "exceeds a limit"
    CONTROL = "a control"
    UNAVAILABLE = "not available here"


@dataclass(frozen=True)
class Option:
    """One lineage. energy_j: of making it and of all forecasts together, over seeds, with its interval.

    energies_j: the same seed by seed; reason: one sentence without its full stop; may_keep: whether no limit's own
    interval lies wholly beyond it, also where one seed shows nothing; changes: of ``rmse`` and ``mae`` against the
    reference, empty for the reference itself and for what cannot run here; size_bytes: the largest over seeds;
    latency_s: of one window of all nodes, geometric mean over seeds.
    """

    lineage: str
    seeds: int
    standing: OptionStanding
    reason: str
    energy_j: Interval
    energies_j: dict[int, float] = field(default_factory=dict)
    may_keep: bool = True
    changes: dict[str, Interval] = field(default_factory=dict)
    size_bytes: int | None = None
    latency_s: float | None = None


@dataclass(frozen=True)
class Recommendation:
    """The chosen lineage, or None; the lineage that errors were held against; all options, the chosen one first.

    on_test: how RMSE of the chosen one compares with that of the reference on the test part, where it was not chosen.
    tested: for how many lineages the limits of errors are tested together, so that the tests are corrected for so many;
    controls, what cannot run here and the reference without a floor of R2 are not among them.
    without: where none keeps all limits, what would be chosen if one of them were left out, by the limit's name.
    """

    limits: Limits
    reference: str
    chosen: str | None
    options: list[Option]
    on_test: Interval | None = None
    without: dict[str, str] = field(default_factory=dict)
    tested: int = 0

    @property
    def undecided(self) -> bool:
        """Whether none is chosen although some may keep the limits."""
        open_ones = (OptionStanding.UNDECIDED, OptionStanding.UNKNOWN_ENERGY)
        return self.chosen is None and any(one.standing in open_ones for one in self.options)

    def option(self, lineage: str) -> Option:
        return next(one for one in self.options if one.lineage == lineage)
