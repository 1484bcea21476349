"""What every configuration block shares: frozen, described, and no unknown keys."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """One block of ``config.yaml``. A misspelt key fails instead of silently meaning the default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=False)
