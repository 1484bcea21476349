"""Plug-ins: what a study can name, listed in a table in each room and loaded by name.

A table is a module ``registry.py`` with one dictionary ``MODULES``: the plug-in's name -> its module as text, or
``module:MEMBER``. Only :func:`load` imports the modules of a table, so a new line reruns no job, and a job does not
import plug-ins that it does not use.

A study may bring plug-ins of its own (config key ``plugins``): Python files, each named like its plug-in and holding
the member of its kind, such as ``FAMILY`` in ``my_model.py``.
"""

import ast
import difflib
import importlib
import importlib.util
import json
import os
import re
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from wattshed.foundation.faults import OWN_MODULE, Fault, one_line

# Jobs find the study's own plug-ins in this variable: a JSON list of absolute paths.
OWN_PLUGINS = "WATTSHED_PLUGINS"
# The name of a plug-in is a word in commands and part of file names.
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
KindName = Literal[
    "family",
    "baseline",
    "strategy",
    "method",
    "clock_backend",
    "clock_rule",
    "recording",
    "source",
    "sensor",
    "claims",
    "table",
    "figure",
]


Made = TypeVar("Made")


@dataclass(frozen=True)
class Kind:
    """what: for sentences; registry: module with the table; member: what each plug-in's module calls its plug-in;
    needs: what the plug-in itself must have; named_by: the key of its settings that holds its name, if it has one."""

    what: str
    registry: str
    member: str
    needs: tuple[str, ...]
    named_by: str | None = None


KINDS: dict[str, Kind] = {
    "family": Kind(
        "model family",
        "wattshed.forecast.families.registry",
        "FAMILY",
        ("Settings", "samplings", "published_epochs", "reads_graph", "offers", "make"),
        named_by="form",
    ),
    "baseline": Kind("baseline", "wattshed.forecast.baselines.registry", "BASELINE", ("make",)),
    "strategy": Kind(
        "strategy",
        "wattshed.adaptation.strategies.registry",
        "STRATEGY",
        ("Settings", "asks", "control", "start"),
        named_by="kind",
    ),
    "method": Kind(
        "compression method",
        "wattshed.compression.methods.registry",
        "METHOD",
        (
            "Settings",
            "asks",
            "keeps",
            "learns",
            "restarts",
            "restarts_after",
            "make_from",
            "skeleton_on",
            "trained_shapes",
            "fine_tune",
            "check",
            "check_sizes",
            "check_steps",
            "becomes",
            "recipe_after",
            "is_control",
            "uses_checkpoint",
            "units_left",
            "channels_left",
        ),
        named_by="method",
    ),
    "clock_backend": Kind(
        "clock back end", "wattshed.clocks.backends.registry", "BACKEND", ("open", "device")
    ),
    "clock_rule": Kind("clock rule", "wattshed.clocks.choosing.rules.registry", "RULE", ("title", "pick")),
    "recording": Kind(
        "reader of recordings", "wattshed.clocks.recordings.registry", "READER", ("gives", "fits", "read")
    ),
    "source": Kind(
        "data source",
        "wattshed.data.sources.registry",
        "SOURCE",
        ("Settings", "files", "edge_list", "load"),
        named_by="kind",
    ),
    "sensor": Kind(
        "sensor",
        "wattshed.energy.sensors.registry",
        "SENSOR",
        ("components", "preference", "tried", "open", "survey"),
    ),
    "claims": Kind("source of claims", "wattshed.accounts.claims.registry", "CLAIMS", ("document", "claims")),
    "table": Kind("table", "wattshed.publish.tables.registry", "TABLE", ("write",)),
    "figure": Kind("figure", "wattshed.publish.figures.registry", "FIGURE", ("write",)),
}


def names(kind: KindName) -> list[str]:
    """All plug-ins of a kind: the room's in the table's order, then the study's own."""
    return [*_table(kind), *_own(kind)]


def load(kind: KindName, name: str) -> Any:
    """The plug-in of that name.

    Raises :class:`Fault` for an unknown name, and for a line whose module or member does not exist.
    """
    member = KINDS[kind].member
    own = _own(kind)
    if name in own:
        return _member(_load_file(own[name]), member, str(own[name]), kind, name)
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
    own = _own(kind)
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


def check_own(kind: KindName, name: str) -> None:
    """Raise :class:`Fault` if the plug-in is the study's own and lacks what every plug-in of its kind has."""
    path = _own(kind).get(name)
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


def use_own_plugins(paths: Iterable[Path]) -> None:
    """Make the study's own plug-ins known in this process and, by the environment, in the processes that it starts.

    Raises :class:`Fault` for a file that is missing, not Python, holds no plug-in, or has the name of a built-in one.
    """
    files: list[Path] = []
    for given in paths:
        if given.suffix != ".py" or not OWN_NAME.fullmatch(given.stem):
            raise Fault(
                f"the plug-in {str(given)!r} is not named like a plug-in: expected a name of letters, digits and "
                "underscores that ends with .py, such as my_model.py; rename the file and correct the key plugins."
            )
        path = given.resolve()
        for other in files:
            if other.stem == path.stem:
                raise Fault(
                    f"the plug-ins {other} and {path} have one name: expected each name once; rename or remove one of "
                    "them."
                )
        files.append(path)
    for path in files:
        for kind in _kinds_in(path):
            if path.stem in _table(kind):
                raise Fault(
                    f"{path} is named like wattshed's own {KINDS[kind].what} {path.stem!r}: expected another name; "
                    "rename the file."
                )
    os.environ[OWN_PLUGINS] = json.dumps([str(path) for path in files])


def own_files() -> list[Path]:
    """Files of the study's own plug-ins."""
    return [Path(path) for path in json.loads(os.environ.get(OWN_PLUGINS, "[]"))]


def _table(kind: str) -> dict[str, str]:
    modules: dict[str, str] = importlib.import_module(KINDS[kind].registry).MODULES
    return modules


def _own(kind: str) -> dict[str, Path]:
    return {path.stem: path for path in own_files() if kind in _kinds_in(path)}


def _line(kind: KindName, name: str) -> str:
    table = _table(kind)
    if name not in table:
        try:
            check_name(kind, name)
        except ValueError as error:
            raise Fault(f"{error}.") from None
    return table[name]


@cache
def _kinds_in(path: Path) -> tuple[str, ...]:
    """The kinds of plug-in that a file defines, read from its text."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except OSError as error:
        raise Fault(
            f"the plug-in {path} cannot be read ({error.strerror}): expected a Python file beside the "
            "configuration; correct the key plugins."
        ) from error
    except (SyntaxError, ValueError) as error:
        raise Fault(f"the plug-in {path} is not Python ({error}): correct the file.") from error
    assigned: set[str] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        assigned |= {target.id for target in targets if isinstance(target, ast.Name)}
    kinds = tuple(name for name, kind in KINDS.items() if kind.member in assigned)
    if not kinds:
        members = ", ".join(kind.member for kind in KINDS.values())
        raise Fault(f"the plug-in {path} defines none of {members}: see CONTRIBUTING.md for what it needs.")
    return kinds


@cache
def _load_file(path: Path) -> Any:
    name = f"{OWN_MODULE}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if isinstance(error, Fault):
            raise
        lines = [
            place.lineno for place in traceback.extract_tb(error.__traceback__) if place.filename == str(path)
        ]
        where = f"line {lines[-1]}: " if lines else ""
        raise Fault(
            f"the plug-in {path} cannot be loaded ({where}{type(error).__name__}: {one_line(error)}): correct "
            "the file, or install what it needs."
        ) from error
    return module


def _member(module: Any, member: str, place: str, kind: str, name: str) -> Any:
    try:
        return getattr(module, member)
    except AttributeError:
        raise Fault(
            f"{place}, the module of the {KINDS[kind].what} {name!r}, has no {member}: expected its plug-in under "
            "that name; see CONTRIBUTING.md."
        ) from None
