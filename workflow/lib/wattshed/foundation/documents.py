"""Reads JSON and YAML files of earlier stages; a file that cannot be read raises a Fault of one sentence."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.writing import JSON_DIGEST, json_digest

# Keys that tell one kind of document from the others.
KEYS: dict[str, tuple[str, ...]] = {
    "choice": ("choices",),
    "config": ("study",),
    "governor": ("rule", "summary", "mixes", "replayed"),
    "law_predictions": ("models", "power_w"),
    "splits": ("cuts_utc",),
    "validation": ("validations",),
}

AGAIN = "it is damaged or wattshed did not write it; delete it and run snakemake again."


def read_json(path: Path | str, keys: Sequence[str] = ()) -> dict[str, Any]:
    """A JSON object that :func:`~wattshed.foundation.writing.write_json` wrote, without its digest.

    keys: what it must hold. Raises :class:`Fault` if it is missing, truncated, altered, not an object, or lacks a key.
    """
    text = _text(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Fault(f"{path} cannot be read as JSON ({error}): {AGAIN}") from error
    found = _with_keys(path, content, keys)
    digest = found.pop(JSON_DIGEST, None)
    try:
        same = digest is None or digest == json_digest(found)
    except ValueError as error:
        raise Fault(f"{path} holds a number that is not finite: {AGAIN}") from error
    if not same:
        raise Fault(f"{path} was altered after it was written (its digest differs): {AGAIN}")
    return found


def read_yaml(path: Path | str, keys: Sequence[str] = ()) -> dict[str, Any]:
    """A YAML mapping; raises :class:`Fault` as :func:`read_json` does."""
    import yaml

    text = _text(path)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Fault(f"{path} cannot be read as YAML ({one_line(error)}): {AGAIN}") from error
    return _with_keys(path, content, keys)


def _text(path: Path | str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"{path} cannot be read as text ({error}): {AGAIN}") from error


def _with_keys(path: Path | str, content: Any, keys: Sequence[str]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise Fault(f"{path} holds no keys: expected {', '.join(keys) or 'a mapping'}; {AGAIN}")
    missing = [key for key in keys if key not in content]
    if missing:
        raise Fault(f"{path} lacks the key {missing[0]!r}: expected {', '.join(keys)}; {AGAIN}")
    return content
