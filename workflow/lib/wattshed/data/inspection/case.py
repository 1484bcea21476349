"""One file, or several of one panel, with all that was seen in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.data.inspection.choices import Choice
from wattshed.data.inspection.evidence.roles import Roles
from wattshed.data.inspection.evidence.sample import Sample
from wattshed.data.inspection.evidence.timeline import Timeline
from wattshed.data.inspection.known_layouts import KnownLayout

SAID = "as you said"


@dataclass(frozen=True)
class Case:
    """paths: of all files; path: as the block names them. given: keys that the user decided. line: None where no time
    can be read."""

    paths: tuple[Path, ...]
    path: str | list[str]
    sample: Sample
    roles: Roles
    line: Timeline | None
    given: dict[str, Any]
    layout: KnownLayout | None

    def stated(self, key: str) -> Iterator[Choice]:
        """The choice of a key that the user decided, or that the layout's publisher states; nothing for others."""
        if key in self.given:
            yield Choice(key, self.given[key], SAID)
        elif self.layout is not None and key in self.layout.keys:
            yield Choice(
                key, self.layout.keys[key], f"stated for {self.layout.heading}, whose header this is"
            )

    def value_of(self, key: str) -> Any:
        return next((choice.value for choice in self.stated(key)), None)
