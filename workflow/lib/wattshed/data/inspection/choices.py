"""Keys of the block ``data.source`` with what speaks for each."""

from dataclasses import dataclass
from typing import Any

# A value that is possible as well: no such key.
LEAVE_OUT = "(leave it out)"


@dataclass(frozen=True)
class Choice:
    """One key of the block.

    value: None leaves the key out of the block. why: what in the file, or who, says so. undecided: the file cannot say;
    `others` are then the values that are possible as well, with what each means.
    """

    key: str
    value: Any
    why: str
    undecided: bool = False
    others: tuple[tuple[Any, str], ...] = ()


@dataclass(frozen=True)
class Finding:
    """One line of what was seen; warns: it needs the user's eye."""

    topic: str
    says: str
    warns: bool = False
