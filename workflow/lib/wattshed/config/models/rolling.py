"""The ``rolling`` block: models judged on several test parts, one after the other."""

from typing import Literal, Self

from pydantic import Field, model_validator

from wattshed.config.block import Block


class RollingCalendar(Block):
    """Where the parts lie: test parts at the panel's end, each after a training and a validation part of its own."""

    origins: int = Field(
        default=4,
        ge=2,
        le=50,
        description="Number of test parts; each comes after its own training and validation part.",
    )
    window: Literal["expanding", "sliding"] = Field(
        default="expanding",
        description="`expanding`: a training part is all that is before its validation part; `sliding`: its last "
        "`train_days` only.",
    )
    train_days: int | None = Field(
        default=None,
        ge=7,
        le=36_500,
        description="Days of a sliding training part, or the least of an expanding one; empty means all days before "
        "the first validation part.",
    )
    validation_days: int = Field(default=14, ge=1, le=3650, description="Days of each validation part.")
    test_days: int = Field(default=28, ge=1, le=3650, description="Days of each test part.")


class RollingBlock(RollingCalendar):
    """What is trained and scored on every part."""

    models: list[str] = Field(
        min_length=1,
        description="Names of `models` and `baselines` that are trained and scored on every part.",
    )
    seeds: list[int] | None = Field(
        default=None, min_length=1, description="Seeds of the models; empty means those of the study."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name, given in (("models", self.models), ("seeds", self.seeds or [])):
            twice = [one for place, one in enumerate(given) if one in given[:place]]
            if twice:
                raise ValueError(f"{name} names {twice[0]!r} twice; expected each once")
        return self
