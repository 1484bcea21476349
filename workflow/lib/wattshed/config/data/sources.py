"""The block ``data.source``: what the blocks of all data sources share. Each source adds its own keys in its module."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginBlock


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown time zone; expected an IANA name such as Europe/Madrid or UTC") from error
    return name


Timezone = Annotated[str, AfterValidator(_known_zone)]


class SourceBlock(Block):
    """Where a panel comes from."""

    kind: str = Field(description="The data source; it decides which further keys there are.")


Source = Annotated[SourceBlock, PluginBlock("source", "kind")]
