"""The keys ``data.exclude``, ``data.exclude_where`` and ``data.mask``: what a study leaves out of its panel."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from wattshed.config.block import Block


def _as_name(given: Any) -> Any:
    """YAML reads a node's name such as 26 as a number."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


NodePattern = Annotated[str, BeforeValidator(_as_name), Field(min_length=1)]


class ExcludeWhere(Block):
    """Limits of quality; a node that passes one of them is left out."""

    coverage_below: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Leaves out nodes whose share of observed steps, of the whole span, is below this.",
    )
    constant_above: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Leaves out nodes of which a larger share of the training part's observed steps repeats one "
        "reading for 24 h or longer.",
    )
    zero_above: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Leaves out nodes of which a larger share of the training part's observed steps is exactly zero.",
    )
    negative_above: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Leaves out nodes of which a larger share of the training part's observed steps is negative.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> "ExcludeWhere":
        if not self.limits:
            raise ValueError(f"no limit is given; expected one of {sorted(type(self).model_fields)}: add one")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are given, by key."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: limit for name, limit in given.items() if limit is not None}

    @property
    def judges_readings(self) -> bool:
        """Whether a limit needs the training part."""
        return set(self.limits) != {"coverage_below"}


class MaskRule(Block):
    """Cells that are unobserved: those for which every condition of the rule holds."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    equals: float | None = Field(
        default=None, description="Readings of exactly this number, in the panel's unit."
    )
    below: float | None = Field(default=None, description="Readings below this number, in the panel's unit.")
    above: float | None = Field(default=None, description="Readings above this number, in the panel's unit.")
    stuck_h: float | None = Field(
        default=None,
        ge=2,
        description="Runs of one reading that last at least this long [h], zeros too; with `above: 0`, those of "
        "readings above zero.",
    )
    start: str | None = Field(
        default=None,
        alias="from",
        description="Only cells from this local time on, such as 2021-03-01 00:00; the clock is the panel's calendar.",
    )
    stop: str | None = Field(default=None, alias="to", description="Only cells before this local time.")
    nodes: list[NodePattern] | None = Field(
        default=None,
        min_length=1,
        description='Only these nodes: names, or patterns such as "a*"; empty means all.',
    )

    @field_validator("start", "stop")
    @classmethod
    def _is_a_local_time(cls, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                "not a time; expected a local time such as 2021-03-01 00:00: correct it"
            ) from None
        if moment.tzinfo is not None:
            raise ValueError(
                "a time with an offset; expected a local time of the panel's calendar such as 2021-03-01 00:00: "
                "remove the offset"
            )
        return text

    @model_validator(mode="after")
    def _can_hold(self) -> "MaskRule":
        if self.equals is not None and (self.below is not None or self.above is not None):
            raise ValueError(
                "`equals` is given together with `below` or `above`; expected one or the other: write two rules"
            )
        if self.below is not None and self.above is not None and self.below <= self.above:
            raise ValueError(
                f"no reading is above {self.above:g} and below {self.below:g}, since a rule's conditions hold "
                "together; expected `below` larger than `above`: write two rules"
            )
        if (
            self.start
            and self.stop
            and datetime.fromisoformat(self.start) >= datetime.fromisoformat(self.stop)
        ):
            raise ValueError(
                f"`from` is {self.start} and `to` is {self.stop}; expected `to` later than `from`: correct one"
            )
        if not self.words or (self.nodes is not None and self.words == self._nodes_words):
            raise ValueError(
                "the rule has no condition; expected at least one of equals, below, above, stuck_h, from, to: add one, "
                "or name nodes in data.exclude"
            )
        return self

    @property
    def _nodes_words(self) -> str:
        return f"nodes: {', '.join(self.nodes or ())}"

    @property
    def words(self) -> str:
        """The rule's conditions as they are written."""
        numbers = {"equals": self.equals, "below": self.below, "above": self.above, "stuck_h": self.stuck_h}
        words = [f"{key}: {value:.10g}" for key, value in numbers.items() if value is not None]
        words += [f"{key}: {text}" for key, text in (("from", self.start), ("to", self.stop)) if text]
        return "; ".join([*words, *([self._nodes_words] if self.nodes else [])])


class CleaningRules(Block):
    """All three keys together, as the job that builds the panel gets them."""

    exclude: list[NodePattern] = Field(default=[], description="Nodes that are left out.")
    exclude_where: ExcludeWhere | None = Field(default=None, description="Limits of quality.")
    mask: list[MaskRule] = Field(default=[], description="Cells that are unobserved.")

    @property
    def given(self) -> bool:
        """Whether there is any rule."""
        return bool(self.exclude or self.exclude_where or self.mask)
