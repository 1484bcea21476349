"""Base classes of libraries that are not dependencies, found when an object is made."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Any


def with_bases(kind: type, libraries: tuple[str, ...], base: str) -> type:
    """A subclass of ``kind`` and of the class ``base`` of each of the libraries that is loaded.

    If none is loaded, the first one that can be imported is. With none at all, it is ``kind`` itself: its hooks can
    still be called.
    """
    loaded = [name for name in libraries if name in sys.modules]
    if not loaded:
        loaded = [name for name in libraries if _imported(name)][:1]
    found = [getattr(sys.modules[name], base, None) for name in loaded]
    # One library may re-export the class of another.
    bases = tuple(dict.fromkeys(one for one in found if isinstance(one, type)))
    return _combined(kind, tuple(one for one in bases if not issubclass(kind, one)))


@cache
def _combined(kind: type, bases: tuple[type, ...]) -> type:
    if not bases:
        return kind
    members: dict[str, Any] = {
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "__qualname__": kind.__qualname__,
    }
    return type(kind.__name__, (kind, *bases), members)


def _imported(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
