"""The optimiser of every training: torch's AdamW without its compiler."""

import copy
import subprocess
import sys

import pytest
import torch

from wattshed.training.step.eager_adamw import EagerAdamW


def trained(kind, steps, state=None, fused=True):
    torch.manual_seed(1)
    layer = torch.nn.Linear(5, 3)
    groups = [
        {"params": [layer.weight], "factor": 1.0, "lr": 1e-2},
        {"params": [layer.bias], "factor": 0.1, "lr": 1e-3},
    ]
    optimiser = kind(groups, lr=1e-2, weight_decay=0.1, fused=fused)
    if state is not None:
        optimiser.load_state_dict(copy.deepcopy(state))  # else the runs would share its tensors
    for _ in range(steps):
        optimiser.zero_grad()
        layer(torch.randn(7, 5)).square().sum().backward()
        optimiser.step()
    return layer.state_dict(), optimiser.state_dict()


@pytest.mark.parametrize("fused", [True, False])
def test_it_is_torchs_adamw_to_the_byte(fused):
    ours, theirs = (trained(kind, 20, fused=fused) for kind in (EagerAdamW, torch.optim.AdamW))
    for name, values in theirs[0].items():
        assert torch.equal(ours[0][name], values)
    assert ours[1]["param_groups"] == theirs[1]["param_groups"]
    for number, entry in theirs[1]["state"].items():
        assert all(torch.equal(ours[1]["state"][number][name], entry[name]) for name in entry)


def test_it_goes_on_from_a_state_of_torchs_own():
    _, state = trained(torch.optim.AdamW, 5)
    (ours, _), (theirs, _) = (trained(kind, 5, state) for kind in (EagerAdamW, torch.optim.AdamW))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_schedules_of_torch_take_it():
    optimiser = EagerAdamW([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=0)
    for _ in range(3):
        optimiser.step()
        schedule.step(1.0)
    assert optimiser.param_groups[0]["lr"] < 0.1


def test_a_whole_training_never_imports_the_compiler():
    program = (
        "import sys, torch; from wattshed.training.step.eager_adamw import EagerAdamW\n"
        "weight = torch.nn.Parameter(torch.ones(3)); optimiser = EagerAdamW([weight], fused=True)\n"
        "for _ in range(2): optimiser.zero_grad(); weight.sum().backward(); optimiser.step()\n"
        "optimiser.load_state_dict(optimiser.state_dict())\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
