"""The first problem of a configuration as one sentence: its place in the user's file, and what was expected."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError

from wattshed.config.located import locate
from wattshed.config.misplaced import key_advice
from wattshed.config.miswritten import rewritten

# A message with one of these already says what to do.
ADVICE = re.compile(
    r"did you mean |\?$|[:;,] (?:or )?(?:add|choose|correct|give|install|leave|name|remove|rename|set|use|write) "
)
# Values and places longer than this are cut.
MOST_CHARACTERS = 100
EXPECTED = "Input should be "


def sentence(
    error: ValidationError,
    origin: str,
    block: type[BaseModel] | None = None,
    given: Any = None,
) -> str:
    """The first problem that pydantic found, as a user reads it.

    origin: the file. block: the model that was validated, and given: the parsed file; with both, the place is the path
    in the user's file, and suggestions come from the block with the problem.
    """
    problems = error.errors(include_url=False)
    # A misspelt key is also a missing one; reporting the misspelling helps more.
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    if block is not None and first["type"] not in ("extra_forbidden", "missing"):
        # Of a union, the member of which only one part is wrong says more than the others.
        first = _deepest(first, problems, block, given)
    found_at = locate(first["loc"], block, given)
    path = found_at.path
    # A problem that concerns several blocks has no path; its message names the keys.
    place = _short("".join(_readable(letter) for letter in ".".join(str(part) for part in path)))
    # A value that fits no member of a union is one problem, of which pydantic tells once for each member.
    same = [problem for problem in problems if locate(problem["loc"], block, given).path == path]
    places = {tuple(locate(problem["loc"], block, given).path) for problem in problems}
    others = sum(one != tuple(path[: len(one)]) for one in places)
    more = f" ({others} more after it)" if others else ""
    if first["type"] == "extra_forbidden":
        return f"{origin}: {place} is not a known key: {key_advice(found_at)}{more}"
    if first["type"] == "missing":
        return (
            f"{origin}: {place} is missing: add it (config/schema.json describes every key, config/methods.yaml shows "
            f"all strategies and methods).{more}"
        )
    found = first["input"]
    message = rewritten(first["type"], _of_all(same), found, found_at)
    shown = (
        f" (found {_short(repr(found))})"
        if isinstance(found, str | int | float | bool) or found is None
        else ""
    )
    where = f"{origin}: {place}" if place else origin
    return f"{where}: {message}{shown}{_ending(message, shown)}{more}"


def _deepest(first: Any, problems: list[Any], block: type[BaseModel], given: Any) -> Any:
    """The problem whose place lies deepest within the place of the first one."""
    place = locate(first["loc"], block, given).path

    def depth(problem: Any) -> int:
        path = locate(problem["loc"], block, given).path
        return len(path) if path[: len(place)] == place else -1

    return max(problems, key=depth) if place else first


def _of_all(problems: list[Any]) -> str:
    """What was expected by all members of a union."""
    messages = list(dict.fromkeys(str(problem["msg"]) for problem in problems))
    if not all(message.startswith(EXPECTED) for message in messages):
        return messages[0]
    return EXPECTED + " or ".join(message.removeprefix(EXPECTED) for message in messages)


def _ending(message: str, shown: str) -> str:
    """What to do, unless the message already says it or asks."""
    if ADVICE.search(message):
        return "" if message.endswith(("?", ".")) and not shown else "."
    return ": correct it and run again."


def _readable(letter: str) -> str:
    """The letter, escaped if it would break the line."""
    return letter if letter.isprintable() else repr(letter)[1:-1]


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."
