"""The document of a choice: the setting to run at, the reason, and all numbers behind it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# The limits are part of the document; rules know them without it.
from wattshed.clocks.choosing.rules.limits import Limits as Limits

Verdict = Literal["use", "keep", "doubtful", "refused"]
Estimator = Literal["law", "median"]


@dataclass(frozen=True)
class Fitted:
    """Values of one setting as the choice is made by them: of a call [s, J], mean power [W], and against the maximum.

    power_low_w, power_high_w: 95 % interval of the power relative to the maximum, times the power there.
    measured: whether the sweep has valid runs at it; an unmeasured one is known by the laws alone and never chosen.
    """

    setting: int
    measured: bool
    repeats: int
    time_s: float
    energy_j: float
    power_w: float
    power_low_w: float
    power_high_w: float
    saving_share: float
    saving_low: float
    saving_high: float
    slowdown_share: float
    slowdown_low: float
    slowdown_high: float


@dataclass(frozen=True)
class Pick:
    """What one rule picks, without and with the limits; ``setting`` is None where no setting is allowed.

    setting_low, setting_high: 95 % interval over the draws' picks by the same rule. edp_gain_share,
    ed2p_gain_share: how much smaller E T and E T^2 are than at the maximum. Signs are kept: a negative saving costs
    energy, a negative slowdown is faster than the maximum. stable: the neighbours keep the slowdown limit too.
    """

    rule: str
    constrained: bool
    setting: int | None
    reason: str
    setting_low: int | None = None
    setting_high: int | None = None
    saving_share: float | None = None
    saving_low: float | None = None
    saving_high: float | None = None
    slowdown_share: float | None = None
    slowdown_low: float | None = None
    slowdown_high: float | None = None
    edp_gain_share: float | None = None
    ed2p_gain_share: float | None = None
    stable: bool | None = None


@dataclass(frozen=True)
class Marked:
    """Counts of runs that do not decide; a run is counted once, under the first that holds."""

    cold: int = 0
    throttled: int = 0
    hot: int = 0
    not_applied: int = 0


@dataclass(frozen=True)
class Detected:
    """What a detector of contamination says about the cell."""

    detector: str
    found: bool
    words: str


@dataclass(frozen=True)
class ClockChoice:
    """The chosen setting and the reason. Settings are in ``unit``; shares are relative to the baseline; bounds are
    95 % intervals of the draws; those of savings hold for all settings of the sweep together, and for all looks of a
    search.

    status: ``use`` a lower setting; ``keep`` the maximum, because no lower one is shown to be worth it; ``doubtful``:
    physics does not explain the saving; ``refused``: the sweep cannot be trusted, so no saving is stated. setting: the
    one to run at, which is the maximum unless the status is ``use``.
    outcome: worth it, where the limit is kept with 95 % certainty and the whole interval of the saving is above 0; not
    worth it, where no setting is within the limit or no saving is left; else undecided
    (:class:`~wattshed.foundation.vocabulary.Worth`).
    candidate: the best lower setting by the rule under the limits that the numbers belong to, if there is one; its own
    bounds are the interval over which the draws' choices fall.
    estimator: ``law`` for interleaved sweeps: draws of laws of time and power and of deviations from them; ``median``
    for those that ran from one end to the other: running medians and a bootstrap.
    direct_saving: of the candidate by its own runs against those of the baseline alone, without any model.
    front: measured settings that no other beats in both time and energy.
    """

    backend: str
    label: str
    gpu: str
    gpu_uuid: str | None
    workload: str
    knob: str
    unit: str
    status: Verdict
    outcome: str
    verdict: str
    reason: str
    rule: str
    setting: int
    maximum: int
    seed: int
    limits: Limits
    baseline_protocol: str | None = None
    baseline_settings: tuple[int, ...] = ()
    baseline_repeats: int = 0
    baseline_time_s: float | None = None
    baseline_energy_j: float | None = None
    baseline_cv: float | None = None
    typical_cv: float | None = None
    estimator: Estimator | None = None
    candidate: int | None = None
    candidate_low: int | None = None
    candidate_high: int | None = None
    candidate_repeats: int | None = None
    saving_share: float | None = None
    saving_low: float | None = None
    saving_high: float | None = None
    slowdown_share: float | None = None
    slowdown_low: float | None = None
    slowdown_high: float | None = None
    direct_saving_share: float | None = None
    direct_saving_low: float | None = None
    direct_saving_high: float | None = None
    penalty_class: str | None = None
    stable: bool | None = None
    fitted: tuple[Fitted, ...] = ()
    picks: tuple[Pick, ...] = ()
    front: tuple[int, ...] = ()
    marked: Marked = field(default_factory=Marked)
    detections: tuple[Detected, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``choice.json``: lists for tuples; every number is finite or null."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def answer_schema() -> dict[str, Any]:
    """The JSON schema of ``choice.json``: one choice per cell of the sweep."""
    # pydantic takes a while to load, and only this function needs it.
    from pydantic import TypeAdapter

    inner = TypeAdapter(ClockChoice).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = inner.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Choices of a sweep",
        "type": "object",
        "required": ["choices"],
        "properties": {"choices": {"type": "array", "items": inner}},
        "$defs": definitions,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
