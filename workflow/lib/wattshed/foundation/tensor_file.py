"""Named arrays with described metadata and a digest in one safetensors file."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import whole_file

KIND = "kind"
DIGEST = "digest"


def write_tensors(
    path: Path | str,
    tensors: Mapping[str, np.ndarray],
    about: dict[str, Any],
    kind: str | None = None,
) -> None:
    """Write arrays and a JSON-serialisable description; the file appears complete or not at all.

    kind: what the file is (``panel``, ``graph``, ``checkpoint``, ...), for :func:`read_tensors`.
    """
    # ascontiguousarray would turn an array without dimensions into one of shape (1,).
    contiguous = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in tensors.items()}
    description = {**about, **({KIND: kind} if kind else {})}
    digest = _digest(contiguous, json.dumps(description, allow_nan=False))
    # One key only: safetensors writes several in random order, and equal content must give equal bytes.
    metadata = {"about": json.dumps({**description, DIGEST: digest})}
    with whole_file(path) as temporary:
        try:
            save_file(contiguous, temporary, metadata=metadata)
        except SafetensorError as error:
            # safetensors gives the system's error number only in its text.
            number = re.search(r"os error (\d+)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), str(error), str(path)) from error


def read_tensors(
    path: Path | str, kind: str | None = None, keys: Sequence[str] = ()
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what :func:`write_tensors` wrote.

    kind: what the file must be. keys: what its description must hold. Raises :class:`Fault` for a missing, truncated,
    altered or foreign file and for a file of another kind.
    """
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    # A damaged name of a type raises KeyError or TypeError.
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Fault(
            f"{path} cannot be read as safetensors ({error}): it is damaged or not ours; "
            "delete it and run snakemake again."
        ) from error
    about = _described(path, metadata)
    digest = about.pop(DIGEST, None)
    if digest is not None and digest != _digest(tensors, json.dumps(about)):
        raise Fault(
            f"{path} was altered after it was written (its digest differs): delete it and run snakemake again."
        )
    _check_kind(path, about, kind)
    missing = [key for key in keys if key not in about]
    if missing:
        raise Fault(
            f"{path} lacks {missing[0]!r} in its description: expected {_named(kind)} that wattshed wrote; delete it "
            "and run snakemake again."
        )
    return tensors, about


def read_description(path: Path | str, kind: str | None = None) -> dict[str, Any]:
    """Only the description, without reading the arrays or checking the digest; raises as :func:`read_tensors`."""
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise Fault(
            f"{path} cannot be read as safetensors ({error}): it is damaged or not ours; "
            "delete it and run snakemake again."
        ) from error
    about = _described(path, metadata)
    about.pop(DIGEST, None)
    _check_kind(path, about, kind)
    return about


def _described(path: Path | str, metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        about = json.loads(metadata["about"])
    except (KeyError, ValueError):
        about = None
    if not isinstance(about, dict):
        raise Fault(
            f"{path} has no wattshed description: expected a file that wattshed wrote; delete it and run snakemake "
            "again."
        )
    return about


def _check_kind(path: Path | str, about: Mapping[str, Any], kind: str | None) -> None:
    found = about.get(KIND, kind)
    if kind is not None and found != kind:
        raise Fault(f"{path} is {_named(str(found))}: expected {_named(kind)}; name another file.")


def _named(kind: str | None) -> str:
    if kind is None:
        return "a file"
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def _digest(tensors: Mapping[str, np.ndarray], about: str) -> str:
    """SHA-256 over the description and over name, type, shape and bytes of every array.

    SHA-256 is as fast here as any other digest of hashlib, since processors compute it themselves.
    """
    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(json.dumps([name, str(array.dtype), list(array.shape)]).encode())
        # NumPy has no buffer for some types of safetensors, but it has one for their bytes.
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
