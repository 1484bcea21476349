"""What a plug-in must have, and what it may make: a study's own is checked when the configuration is read."""

from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from wattshed.foundation.extending.kinds import KINDS, KindName
from wattshed.foundation.extending.own_files import own_of
from wattshed.foundation.faults import Fault
from wattshed.foundation.plugins import load

Made = TypeVar("Made")


def check_own(kind: KindName, name: str) -> None:
    """Raise :class:`Fault` if the plug-in is the study's own and lacks what every plug-in of its kind has."""
    path = own_of(kind).get(name)
    if path is None:
        return
    plugin, member = load(kind, name), KINDS[kind].member
    if isinstance(plugin, type):
        raise Fault(
            f"{path}: its {member} is the class {plugin.__name__}: expected an object; write "
            f"{member} = {plugin.__name__}()."
        )
    for need in KINDS[kind].needs:
        if not hasattr(plugin, need):
            raise Fault(
                f"{path}: its {member} has no {need}: expected a {KINDS[kind].what} with "
                f"{', '.join(KINDS[kind].needs)}; see CONTRIBUTING.md."
            )
    if key := KINDS[kind].named_by:
        _check_settings(plugin.Settings, key, path)


def made_by(kind: KindName, name: str, made: Any, expected: type[Made] | tuple[str, ...]) -> Made:
    """What a plug-in made, if it is an object of that class, or has these attributes; else raises :class:`Fault`."""
    if isinstance(expected, type):
        fits, needed = isinstance(made, expected), f"an object of {expected.__module__}.{expected.__name__}"
    else:
        fits, needed = all(hasattr(made, need) for need in expected), f"an object with {', '.join(expected)}"
    if not fits:
        raise Fault(
            f"the {KINDS[kind].what} {name!r} made {type(made).__name__}: expected {needed}; correct the plug-in."
        )
    return cast("Made", made)


def _check_settings(settings: Any, key: str, path: Path) -> None:
    """The settings are a pydantic class whose field ``key`` accepts the plug-in's name, that of its file."""
    expected = f'{key}: Literal["{path.stem}"]'
    fields = getattr(settings, "model_fields", None)
    if not isinstance(settings, type) or fields is None:
        raise Fault(f"{path}: its Settings are not a pydantic class: expected one with {expected}.")
    accepted = get_args(fields[key].annotation) if key in fields else ()
    if path.stem not in accepted:
        found = ", ".join(map(repr, accepted)) or "no name"
        raise Fault(
            f"{path}: its Settings accept {found} as {key}: expected the name of the file; write {expected}, or rename "
            "the file."
        )
