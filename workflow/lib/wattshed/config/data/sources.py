"""The block ``data.source``: what the blocks of all data sources share. Each source adds its own keys in its module."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginBlock

OFFSET = r"[+-](0\d|1[0-4]):[0-5]\d"


def _known_zone(name: str) -> str:
    try:
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


Timezone = Annotated[str, AfterValidator(_known_zone)]
Clock = Annotated[str, AfterValidator(_known_clock)]


class SourceBlock(Block):
    """Where a panel comes from."""

    kind: str = Field(description="The data source; it decides which further keys there are.")


Source = Annotated[SourceBlock, PluginBlock("source", "kind")]
