"""Keys of the block ``data.source`` that the command line decides."""

import argparse
import difflib
from typing import Any

from wattshed.foundation.faults import Fault, one_line

# Keys whose value is a list, and may be given as one item.
LISTS = ("missing", "columns", "exclude")


def given_keys(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keys of --set, --timezone, --unit and --step-minutes. Raises :class:`Fault` for unknown or wrong ones."""
    import yaml

    from wattshed.data.sources.table import Settings

    given: dict[str, Any] = {}
    known = [name for name in Settings.model_fields if name not in ("kind", "path")]
    for text in arguments.set:
        key, sign, value = text.partition("=")
        key = key.strip().removeprefix("data.source.")
        if not sign or not key:
            raise Fault(f"--set {text}: expected KEY=VALUE, such as stamp=end; correct it.")
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(known)}"
            raise Fault(f"--set {text}: {key!r} is not a key of data.source{meant}")
        _refuse_second(given, key, f"--set {text}")
        try:
            given[key] = _text_of(key, value, yaml.safe_load(value))
        except yaml.YAMLError as error:
            raise Fault(
                f"--set {text} cannot be read ({one_line(error)}): expected a value in YAML; quote it."
            ) from error
    for key in ("timezone", "unit", "step_minutes"):
        value = getattr(arguments, key)
        if value is not None:
            _refuse_second(given, key, f"--{key.replace('_', '-')}")
            given[key] = value
    _check(given)
    return given


def _text_of(key: str, text: str, value: Any) -> Any:
    if key in LISTS and not isinstance(value, list):
        return [value]
    # YAML reads none, dates and times as other things than the texts that these keys take.
    if key in (
        "dst",
        "first_time",
        "sheet",
        "separator",
        "decimal",
        "thousands",
        "times_in",
    ) and not isinstance(value, str):
        return text.strip() if text.strip() else text
    return value


def _refuse_second(given: dict[str, Any], key: str, where: str) -> None:
    if key in given:
        raise Fault(f"{where}: {key} was given twice: expected it once; leave one out.")


def _check(given: dict[str, Any]) -> None:
    """Refuse values that the block would refuse, before any file is read."""
    from pydantic import ValidationError

    from wattshed.config.sentences import sentence
    from wattshed.data.sources.table import Settings

    block = {"kind": "table", "path": "file", **given}
    try:
        Settings.model_validate(block)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]["loc"]
        # Keys that need others are judged with the whole block.
        if first and first[0] in given:
            raise Fault(sentence(error, "the command line", Settings, block)) from error
