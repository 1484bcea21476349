"""What a compression job gets, on the small panel."""

import pytest
import torch

from made_makings import CPU
from wattshed.forecast.job_inputs import JobInputs


@pytest.fixture
def given(task, graph, metering):
    # As in jobs; several threads wait for each other where the machine is busy.
    torch.set_num_threads(1)
    return JobInputs(task, graph, metering, CPU, "torch")
