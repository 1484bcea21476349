"""Which compressed checkpoints can be exported."""

import pytest

from compressed_checkpoints import VARIANTS, compress, write_base
from wattshed.commands.main import main as run_command
from wattshed.training.checkpoint import read_spec


def export(tmp_path, checkpoint, given):
    """Runs ``wattshed export``; returns its exit code and the file that it should have written."""
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    given.task.panel.write(data / "panel.safetensors")
    given.task.splits.write(data / "splits.json", given.task.panel)
    given.graph.write(data / "graph.safetensors")
    target = checkpoint.with_suffix(".onnx")
    return run_command(["export", str(checkpoint), "--data", str(data), "--onnx", str(target)]), target


@pytest.mark.parametrize(
    ("keys", "settings"),
    [
        ({}, VARIANTS["half"]),
        ({}, VARIANTS["thin"]),
        ({"linear_part": True}, VARIANTS["thin"]),
        ({"form": "lstm"}, VARIANTS["thin"]),
        ({"form": "transformer", "width": 8}, VARIANTS["half"]),
        ({"form": "dlinear"}, '{"method": "low_rank", "rank": 2}'),
        ({"form": "stgnn_reference"}, VARIANTS["half"]),
        ({"form": "stgnn_reference"}, VARIANTS["thin"]),
        ({}, '{"method": "half_weights"}'),
        ({"form": "stgnn_reference"}, '{"method": "distil", "student": {"form": "gru", "hidden": 4}}'),
    ],
)
def test_compressed_checkpoints_can_be_exported(keys, settings, given, task, graph, tmp_path):
    pytest.importorskip("onnxruntime")
    base = write_base(tmp_path, task, graph, seeds=(1,), **keys)
    code, written = export(tmp_path, compress(given, base, "smaller", settings)[0], given)
    assert code == 0
    assert written.is_file()


@pytest.mark.parametrize("method", ["int8", "static_int8"])
def test_an_int8_checkpoint_is_not_exported_and_a_sentence_says_why(
    method, given, task, graph, tmp_path, capsys
):
    pytest.importorskip("onnxruntime")
    base = write_base(tmp_path, task, graph, seeds=(1,))
    made = compress(given, base, "small", f'{{"method": "{method}"}}')[0]
    if read_spec(made)[1] is not None:
        pytest.skip(f"{method} is not available here")
    code, written = export(tmp_path, made, given)
    assert code == 2
    assert "weights of the type torch.int8" in capsys.readouterr().err
    assert not written.exists()
