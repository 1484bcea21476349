"""The base class of all configuration blocks: frozen, described, without unknown keys."""

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

# What fits the 32-bit numbers that jobs compute with.
LARGEST_WHOLE_NUMBER = 2**32 - 1
LARGEST_NUMBER = 1e38


class Block(BaseModel):
    """One block of ``config.yaml``. A misspelt key or a number in quotes is refused instead of silently taking the
    default.

    Infinite numbers and NaN are refused: jobs get their blocks as JSON, which cannot express them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _numbers_can_be_computed_with(self) -> Self:
        for name in type(self).model_fields:
            value = getattr(self, name)
            for kind, largest in ((int, LARGEST_WHOLE_NUMBER), (float, LARGEST_NUMBER)):
                if isinstance(value, kind) and abs(value) > largest:
                    raise ValueError(f"{name} is too large; expected at most {largest:,}")
        return self
