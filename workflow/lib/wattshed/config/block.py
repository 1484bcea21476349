"""What every configuration block shares: frozen, described, and no unknown keys."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """One block of ``config.yaml``. A misspelt key or a number in quotes fails instead of meaning a default.

    Infinite numbers and NaN are refused: JSON, in which jobs get their blocks, has no word for them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
