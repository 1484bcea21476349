"""The block ``data.source`` as YAML, with what speaks for each key beside it."""

import textwrap
from collections.abc import Sequence
from typing import Any

import yaml

from wattshed.data.inspection.choices import LEAVE_OUT, Choice

WIDTH = 118


def block_text(
    path: str | list[str], choices: Sequence[Choice], indent: str = "", *, reasons: bool = True
) -> str:
    """Lines of the block. Keys that are open come last, as comments that begin with ``decide:``."""
    lines = [f"{indent}kind: table", *_key(Choice("path", path, ""), indent, reasons=False)]
    for choice in choices:
        if not choice.undecided:
            lines += _key(choice, indent, reasons=reasons)
    for choice in choices:
        if choice.undecided:
            lines += _open(choice, indent)
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """A value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True).strip()
    return text.removesuffix("...").strip()


def _key(choice: Choice, indent: str, *, reasons: bool) -> list[str]:
    line = f"{indent}{choice.key}: {scalar(choice.value)}"
    if not reasons or not choice.why:
        return [line]
    why = _plain(choice.why)
    if len(line) + len(why) + 3 <= WIDTH:
        return [f"{line} # {why}"]
    return [*_comment(why, indent), line]


def _open(choice: Choice, indent: str) -> list[str]:
    lines = _comment(f"decide: {choice.key}: {_plain(choice.why)}", indent)
    for value, meaning in choice.others:
        note = f" # {_plain(meaning)}" if meaning else ""
        shown = f"{choice.key}: {scalar(value)}" if value != LEAVE_OUT else f"no {choice.key}"
        lines.append(f"{indent}# {shown}{note}")
    return lines


def _plain(text: str) -> str:
    """A text on one line, with signs that YAML allows: names of columns may have any."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))


def _comment(text: str, indent: str) -> list[str]:
    return [f"{indent}# {line}" for line in textwrap.wrap(text, WIDTH - len(indent) - 2)]
