"""The name of a ledger that the user has not named: no other run has it, on any host or in any container."""

import os
import platform
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path("ledgers")
# File systems allow 255 bytes, of which an abandoned ledger's end needs some.
LONGEST = 80


def default_ledger(word: str) -> Path:
    """``ledgers/COMMAND-TIME-HOST-RANDOM.jsonl``; word: the command's first one."""
    name = plain_name(os.path.basename(word)) or "command"
    host = plain_name(platform.node()) or "host"
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return FOLDER / f"{name}-{moment}-{host}-{secrets.token_hex(3)}.jsonl"


def plain_name(text: str) -> str:
    """A text as a part of a file name: letters, digits, dots, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)[:LONGEST].lstrip(".-")
