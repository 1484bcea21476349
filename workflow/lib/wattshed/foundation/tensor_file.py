"""Named arrays with described metadata in one safetensors file."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import whole_file


def write_tensors(path: Path | str, tensors: Mapping[str, np.ndarray], about: dict[str, Any]) -> None:
    """Write arrays and a JSON-serialisable description; the file appears whole or not at all."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    with whole_file(path) as temporary:
        try:
            save_file(contiguous, temporary, metadata={"about": json.dumps(about, allow_nan=False)})
        except SafetensorError as error:
            # safetensors hides the system's error number in its text.
            number = re.search(r"os error (\d+)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), str(error), str(path)) from error


def read_tensors(path: Path | str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what :func:`write_tensors` wrote.

    Raises :class:`Fault` for a missing, truncated or foreign file.
    """
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    except (SafetensorError, OSError) as error:
        raise Fault(
            f"{path} cannot be read as safetensors ({error}): it is truncated or not ours; "
            "delete it and run snakemake again."
        ) from error
    if "about" not in metadata:
        raise Fault(f"{path} has no wattshed description: expected a file that wattshed wrote.")
    return tensors, json.loads(metadata["about"])
