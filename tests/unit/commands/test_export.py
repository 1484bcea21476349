"""``wattshed export`` of checkpoints that a study's own plug-ins made."""

import pytest
import torch

from model_blocks import model_block
from wattshed.commands.main import main
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation.extending.own_files import use_own_plugins
from wattshed.training.checkpoint import write_checkpoint
from wattshed.training.spec import ModelSpec, Step, make_forecaster

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=5e-3, schedule="cosine", scaling="node"
)
FAMILY = '''
"""A family of one module: the last hour, times a learned factor per hour ahead."""
from typing import Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer, SimpleFamily


class Settings(ModelBlock):
    form: Literal["my_model"] = Field(default="my_model", description="The last hour.")


def make(settings, windows, adjacency, seed):
    import torch
    from wattshed.forecast.network import Network, TensorFunction

    class Function(TensorFunction):
        names = ["own"]

        def __init__(self, network):
            super().__init__()
            self.network = network

        def inputs(self, batch):
            return (batch.own.contiguous(),)

        def forward(self, *inputs):
            return self.network.ahead(inputs[0][:, -1:])

    class Last(Network):
        def __init__(self):
            super().__init__()
            self.ahead = torch.nn.Linear(1, windows.horizon_steps)

        def forward(self, pairs):
            return self.ahead(pairs.own[:, -1:])

        def tensor_function(self):
            return Function(self)

    torch.manual_seed(seed)
    return Last()


FAMILY = SimpleFamily(Settings, ("pairs",), make, frozenset({Offer.UPDATES}))
'''
METHOD = '''
"""A method that changes nothing."""
from typing import Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock


class Keeps(VariantBlock):
    method: Literal["my_method"] = Field(description="Changes nothing.")


class Same(Method):
    Settings = Keeps
    asks = frozenset()
    keeps = frozenset()

    def make(self, network, settings):
        return network


METHOD = Same()
'''


@pytest.fixture
def data(tmp_path, task, graph):
    folder = tmp_path / "data"
    folder.mkdir()
    task.panel.write(folder / "panel.safetensors")
    task.splits.write(folder / "splits.json", task.panel)
    graph.write(folder / "graph.safetensors")
    return folder


def checkpoint(tmp_path, task, graph, form, *steps):
    spec = ModelSpec("mine", 1, model_block(form), RECIPE, task.windows, steps)
    path = tmp_path / "mine-1.safetensors"
    write_checkpoint(path, make_forecaster(spec, task, graph, CPU).network, spec)
    use_own_plugins([])
    return path


def test_a_checkpoint_of_an_own_family_needs_its_file(own_plugin, data, task, graph, tmp_path, capsys):
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason="needs the extra wattshed[onnx]")
    file = own_plugin("my_model", FAMILY)
    made = checkpoint(tmp_path, task, graph, "my_model")
    command = ["export", str(made), "--data", str(data), "--onnx", str(tmp_path / "mine.onnx")]
    assert main(command) == 2
    expected = (
        f"{made} was made by the model family 'my_model', which is not one of wattshed's: name its file with"
    )
    assert expected in capsys.readouterr().err
    assert main([*command, "--plugins", str(file)]) == 0
    assert (tmp_path / "mine.onnx").is_file()


def test_a_checkpoint_of_an_own_method_needs_its_file_and_one_of_an_own_strategy_does_not(
    own_plugin, data, task, graph, tmp_path, capsys
):
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason="needs the extra wattshed[onnx]")
    file = own_plugin("my_method", METHOD)
    strategy = Step("mine", "strategy", "my_strategy", {"kind": "my_strategy"})
    method = Step("same", "method", "my_method", {"method": "my_method"})
    made = checkpoint(tmp_path, task, graph, "gru", strategy, method)
    command = ["export", str(made), "--data", str(data), "--onnx", str(tmp_path / "mine.onnx")]
    assert main(command) == 2
    assert "was made by the compression method 'my_method', which is not one of" in capsys.readouterr().err
    assert main([*command, "--plugins", str(file)]) == 0


def test_a_file_of_a_plugin_that_does_not_exist_is_named(tmp_path, capsys):
    given = ["--data", str(tmp_path), "--onnx", "x.onnx", "--plugins", str(tmp_path / "absent.py")]
    assert main(["export", "mine-1.safetensors", *given]) == 2
    assert "absent.py does not exist: name the plug-in's file after --plugins." in capsys.readouterr().err
