"""The block ``data.source``: what the blocks of all data sources share. Each source adds its own keys in its module."""

import re
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginBlock
from wattshed.foundation.hours import HOUR_MINUTES

OFFSET = r"[+-](0\d|1[0-4]):[0-5]\d"


# Zones that depend on the machine, or that count leap seconds.
UNUSABLE_ZONES = re.compile(r"localtime|Factory|posixrules|(posix|right)/.*")


def _known_zone(name: str) -> str:
    try:
        if UNUSABLE_ZONES.fullmatch(name):
            raise KeyError(name)
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown time zone; expected an IANA name such as Europe/Madrid or UTC") from error
    return name


def _known_clock(name: str) -> str:
    if re.fullmatch(OFFSET, name):
        return name
    try:
        return _known_zone(name)
    except ValueError as error:
        raise ValueError(
            "unknown clock; expected an IANA name such as Europe/Madrid, or an offset such as +01:00"
        ) from error


StepMinutes = Literal[5, 10, 15, 20, 30, 60]
STEPS_MINUTES: tuple[int, ...] = get_args(StepMinutes)

Timezone = Annotated[str, AfterValidator(_known_zone)]
Clock = Annotated[str, AfterValidator(_known_clock)]


class SourceBlock(Block):
    """Where a panel comes from.

    A source whose panels may have another step than an hour has the key ``step_minutes``, see
    :func:`step_minutes_of`.
    """

    kind: str = Field(description="The data source; it decides which further keys there are.")


Source = Annotated[SourceBlock, PluginBlock("source", "kind")]


def step_minutes_of(source: SourceBlock) -> int:
    """The step of the source's panel [min]: its key ``step_minutes``, or an hour where it has none."""
    return int(getattr(source, "step_minutes", HOUR_MINUTES))
