"""The base class of all configuration blocks: frozen, described, without unknown keys."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """One block of ``config.yaml``. A misspelt key or a number in quotes is refused instead of silently taking the
    default.

    Infinite numbers and NaN are refused: jobs get their blocks as JSON, which cannot express them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
