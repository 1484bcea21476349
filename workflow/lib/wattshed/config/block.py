"""What every configuration block shares: frozen, described, and no unknown keys."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """One block of ``config.yaml``. A misspelt key or a number in quotes fails instead of meaning a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
