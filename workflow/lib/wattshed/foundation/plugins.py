"""Plug-ins: what a study can name, listed in a table in each room and loaded by name.

A table is a module ``registry.py`` with one dictionary ``MODULES``: the plug-in's name -> its module as text, or
``module:MEMBER``. Only :func:`load` imports the modules of a table, so a new line reruns no job, and a job does not
import plug-ins that it does not use.

A study may bring plug-ins of its own (config key ``plugins``): Python files, each named like its plug-in and holding
the member of its kind, such as ``FAMILY`` in ``my_model.py``.
"""

import difflib
import importlib
from pathlib import Path
from typing import Any

from wattshed.foundation.extending.kinds import KINDS, KindName, modules_of
from wattshed.foundation.extending.own_files import load_own, own_of
from wattshed.foundation.faults import Fault


def names(kind: KindName) -> list[str]:
    """All plug-ins of a kind: the room's in the table's order, then the study's own."""
    return [*modules_of(kind), *own_of(kind)]


def load(kind: KindName, name: str) -> Any:
    """The plug-in of that name.

    Raises :class:`Fault` for an unknown name, and for a line whose module or member does not exist.
    """
    member = KINDS[kind].member
    own = own_of(kind)
    if name in own:
        return _member(load_own(own[name]), member, str(own[name]), kind, name)
    line = _line(kind, name)
    place, _, other = line.partition(":")
    try:
        module = importlib.import_module(place)
    except ModuleNotFoundError as error:
        # If only a dependency of the plug-in is missing, Python's own error names it.
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        raise Fault(
            f"{KINDS[kind].registry} lists the {KINDS[kind].what} {name!r} in the module {place}, which does not "
            "exist: correct the line or add the module."
        ) from error
    return _member(module, other or member, place, kind, name)


def source_file(kind: KindName, name: str) -> Path:
    """The Python file of a plug-in, found without running it. Raises :class:`Fault` as :func:`load` does."""
    own = own_of(kind)
    if name in own:
        return own[name]
    place = _line(kind, name).partition(":")[0]
    path = Path(__file__).resolve().parents[2].joinpath(*place.split(".")).with_suffix(".py")
    if not path.is_file():
        raise Fault(
            f"{KINDS[kind].registry} lists the {KINDS[kind].what} {name!r} in the module {place}, which does not "
            "exist: correct the line or add the module."
        )
    return path


def check_name(kind: KindName, name: str) -> str:
    """The name itself; raises :class:`ValueError` with the nearest known name if it is unknown."""
    known = names(kind)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? Or" if near else f"expected one of {', '.join(known)}; or"
    raise ValueError(f"{name!r} is not a {KINDS[kind].what}: {hint} name your own file with the key plugins")


def _line(kind: KindName, name: str) -> str:
    table = modules_of(kind)
    if name not in table:
        try:
            check_name(kind, name)
        except ValueError as error:
            raise Fault(f"{error}.") from None
    return table[name]


def _member(module: Any, member: str, place: str, kind: KindName, name: str) -> Any:
    try:
        return getattr(module, member)
    except AttributeError:
        raise Fault(
            f"{place}, the module of the {KINDS[kind].what} {name!r}, has no {member}: expected its plug-in under "
            "that name; see CONTRIBUTING.md."
        ) from None
