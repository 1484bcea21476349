"""A study's own plug-ins: Python files, each named like its plug-in."""

import ast
import importlib.util
import json
import os
import re
import sys
import traceback
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from wattshed.foundation.extending.kinds import KINDS, KindName, modules_of
from wattshed.foundation.faults import OWN_MODULE, Fault, one_line

# Jobs find the study's own plug-ins in this variable: a JSON list of absolute paths.
OWN_PLUGINS = "WATTSHED_PLUGINS"
# The name of a plug-in is a word in commands and part of file names.
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


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
            if path.stem in modules_of(kind):
                raise Fault(
                    f"{path} is named like wattshed's own {KINDS[kind].what} {path.stem!r}: expected another name; "
                    "rename the file."
                )
    os.environ[OWN_PLUGINS] = json.dumps([str(path) for path in files])


def own_files() -> list[Path]:
    """Files of the study's own plug-ins."""
    return [Path(path) for path in json.loads(os.environ.get(OWN_PLUGINS, "[]"))]


def own_of(kind: KindName) -> dict[str, Path]:
    """Name to file of the study's own plug-ins of a kind."""
    return {path.stem: path for path in own_files() if kind in _kinds_in(path)}


@cache
def _kinds_in(path: Path) -> tuple[KindName, ...]:
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
def load_own(path: Path) -> Any:
    """The module in a file, run once per process. Raises :class:`Fault` if that fails."""
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
