"""Facts about the machine, not the study: its place, and the folder of its idle power.

Jobs read them from the environment, so that a corrected place reruns no measurement.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from wattshed.config.energy.places import UNKNOWN
from wattshed.foundation.user_cache import cache_folder

PLACE = "WATTSHED_COUNTRY_ISO"
REGION = "WATTSHED_REGION"
IDLE_FOLDER = "WATTSHED_IDLE_FOLDER"
CONFIG_DIGEST = "WATTSHED_CONFIG_SHA256"


@dataclass(frozen=True)
class Host:
    """country_iso, region: None if unknown. idle_folder: holds one file per host."""

    country_iso: str | None
    region: str | None
    idle_folder: Path
    config_sha256: str | None

    @classmethod
    def from_environment(cls) -> "Host":
        country = os.environ.get(PLACE) or UNKNOWN
        idle_folder = os.environ.get(IDLE_FOLDER)
        return cls(
            country_iso=None if country == UNKNOWN else country,
            region=os.environ.get(REGION) or None,
            idle_folder=Path(idle_folder) if idle_folder else cache_folder() / "idle",
            config_sha256=os.environ.get(CONFIG_DIGEST) or None,
        )
