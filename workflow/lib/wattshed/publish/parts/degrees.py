"""Neighbours per node, from the file of the graph."""

import numpy as np

from wattshed.foundation.tensor_file import read_tensors
from wattshed.publish.parts.inputs import Inputs


def degrees_of(inputs: Inputs) -> tuple[np.ndarray, str]:
    """Neighbours per node [N] without self loops, and how the graph was made. Needs the input ``graph``."""
    path = inputs.files("graph")[0]

    def read() -> tuple[np.ndarray, str]:
        tensors, about = read_tensors(path, kind="graph", keys=("method",))
        return np.diff(tensors["indptr"]) - 1, str(about["method"])

    return inputs.once("degrees", read)
