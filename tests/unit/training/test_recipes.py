"""Each key of a recipe at work in a real, tiny training: it must do something, and only what it says."""

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from small_study import small_panel, task_of
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors
from wattshed.training import loop
from wattshed.training.batches.making import make_batches
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.guards.faulty_batch import describe_extremes
from wattshed.training.guards.stopping import Standing
from wattshed.training.loop import validation_rmse
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec, make_forecaster
from wattshed.training.step.learner import Learner
from wattshed.training.step.precision import Precision
from wattshed.training.training import Training

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
PAIRS = {"sampling": "pairs", "batch": 32, "schedule": "cosine", "scaling": "node"}
ALL_NODES = {"sampling": "windows", "batch": 1, "schedule": "plateau", "scaling": "panel"}
SHORT = {"epochs": 2, "steps_per_epoch": 7, "learning_rate": 5e-3, "validation_windows": 20}


def made_by(form="stgnn", model=None, **keys):
    base_keys = ALL_NODES if form == "stgnn_reference" else PAIRS
    block = RecipeBlock(**{**SHORT, **base_keys, **keys})
    sizes = {} if form == "dlinear" else {"hidden": 4}
    return ModelSpec("model", 1, model_block(form=form, **sizes, **(model or {})), block, WINDOWS)


def run(task, graph, made_by, metering, folder):
    train_into(folder, task, graph, metering, made_by)
    return pd.read_parquet(folder / "epochs.parquet"), read_tensors(folder / "model.safetensors")[0]


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("stgnn", {"precision": "bf16"}),
        ("stgnn", {"accumulate": 3}),
        ("stgnn", {"layer_rates": {"gru": 0.1}}),
        ("stgnn", {"ema_decay": 0.9}),
        ("stgnn", {"schedule": "plateau"}),
        ("stgnn_reference", {"precision": "bf16"}),
        ("stgnn_reference", {"edge_keep_share": 0.5}),
        ("stgnn_reference", {"node_keep_share": 0.5}),
        ("stgnn_reference", {"layer_rates": {"input": 0.1}}),
        ("stgnn_reference", {"ema_decay": 0.9}),
    ],
)
def test_every_key_changes_what_is_learned(form, keys, task, graph, metering, tmp_path):
    _, plain = run(task, graph, made_by(form), metering, tmp_path / "plain")
    epochs, switched = run(task, graph, made_by(form, **keys), metering, tmp_path / "switched")
    assert not same(plain, switched)
    assert np.isfinite(epochs["validation_rmse"]).all()


def test_accumulation_shows_the_same_samples_in_fewer_steps(task, graph, metering, tmp_path):
    plain, _ = run(task, graph, made_by(), metering, tmp_path / "plain")
    epochs, _ = run(task, graph, made_by(accumulate=3), metering, tmp_path / "three")
    assert list(plain["steps"]) == [7, 7]
    assert list(epochs["steps"]) == [3, 3]
    assert list(epochs["samples"]) == list(plain["samples"]) == [7 * 32, 7 * 32]
    assert epochs["learning_rate"].iloc[-1] > plain["learning_rate"].iloc[-1] > 0, "the cosine counts moves"


def test_the_plateau_schedule_cuts_by_its_keys(task, graph, metering, tmp_path):
    keys = {"schedule": "plateau", "learning_rate": 0.5, "plateau_patience": 0, "plateau_factor": 0.01}
    epochs, _ = run(task, graph, made_by(**keys, epochs=5, minimum_rate=1e-3), metering, tmp_path)
    assert set(epochs["learning_rate"].round(6)) <= {0.5, 0.005, 0.001}
    assert epochs["learning_rate"].iloc[-1] < 0.5


def test_sampled_nodes_count_as_fewer_samples(task, graph, metering, tmp_path):
    epochs, _ = run(task, graph, made_by("stgnn_reference", node_keep_share=0.4), metering, tmp_path)
    assert list(epochs["samples"]) == [7 * 2, 7 * 2]


@pytest.mark.parametrize(
    ("keys", "last"),
    [({}, 9), ({"min_delta": 0.9}, 3), ({"min_delta": 0.9, "patience_warm_up_epochs": 4}, 6)],
)
def test_patience_heeds_margin_and_warm_up(keys, last, task, graph, metering, tmp_path):
    slow = {"epochs": 9, "steps_per_epoch": 2, "learning_rate": 1e-3, "schedule": "plateau", "patience": 2}
    epochs, _ = run(task, graph, made_by(**slow, **keys), metering, tmp_path)
    assert len(epochs) == last
    # What is kept is the least error of all, however small the margin.
    forecaster, _ = read_checkpoint(tmp_path / "model.safetensors", task, graph, CPU)
    check = loop.evenly_spaced(task.origins(task.splits.validation), 20)
    assert validation_rmse(forecaster, task, check) == pytest.approx(
        epochs["validation_rmse"].min(), rel=1e-5
    )


def test_averaged_weights_are_what_is_validated_and_kept(task, graph, metering, tmp_path):
    """After one step the average is what that step made, and not mixed with the random first weights."""
    keys = {"steps_per_epoch": 1, "schedule": "cosine", "warm_up_steps": 1}
    _, first = run(task, graph, made_by(**keys, epochs=1), metering, tmp_path / "one")
    _, averaged = run(task, graph, made_by(**keys, epochs=1, ema_decay=0.5), metering, tmp_path / "averaged")
    assert same(first, averaged)
    keys["steps_per_epoch"] = 10
    epochs, _ = run(task, graph, made_by(**keys, ema_decay=0.95), metering, tmp_path / "ten")
    forecaster, _ = read_checkpoint(tmp_path / "ten/model.safetensors", task, graph, CPU)
    check = loop.evenly_spaced(task.origins(task.splits.validation), 20)
    assert validation_rmse(forecaster, task, check) == pytest.approx(
        epochs["validation_rmse"].min(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        (
            "stgnn",
            {
                "precision": "bf16",
                "accumulate": 2,
                "ema_decay": 0.9,
                "layer_rates": {"gru": 0.5},
                "schedule": "plateau",
                "plateau_patience": 0,
                "learning_rate": 0.3,
                "min_delta": 0.2,
                "patience_warm_up_epochs": 2,
                "patience": 3,
            },
        ),
        ("stgnn_reference", {"ema_decay": 0.9, "edge_keep_share": 0.6, "node_keep_share": 0.6}),
    ],
)
def test_a_broken_run_goes_on_as_if_it_had_not_been(form, keys, task, graph, metering, tmp_path, monkeypatch):
    recipe = made_by(form, **{"epochs": 6, **keys})
    whole, weights = run(task, graph, recipe, metering, tmp_path / "whole")
    save = ResumeFile.save

    def save_and_break(self, learner, training):
        save(self, learner, training)
        if training.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ResumeFile, "save", save_and_break)
        with pytest.raises(KeyboardInterrupt):
            run(task, graph, recipe, metering, tmp_path / "broken")
    resumed, again = run(task, graph, recipe, metering, tmp_path / "broken")
    assert same(weights, again)
    columns = ["epoch", "train_loss", "validation_rmse", "learning_rate"]
    pd.testing.assert_frame_equal(resumed[columns], whole[columns])


def test_the_scale_of_the_loss_is_resumed(task, graph, tmp_path):
    """As fp16 on a GPU has it; torch's scaler works on a CPU too."""

    def learner():
        recipe = made_by()
        network = make_forecaster(recipe, task, graph, CPU).network
        made = Learner.make(network, recipe.recipe, 10, CPU)
        object.__setattr__(made, "precision", Precision("cpu", None, torch.amp.GradScaler("cpu")))
        return made

    first, second = learner(), learner()
    first.precision.scaler.scale(torch.ones(1))
    first.precision.scaler.update(512.0)
    file = ResumeFile(tmp_path / "model.resume", "this training")
    file.save(first, Training(epoch=1, best_rmse=1.0, standing=Standing(1.0)))
    assert file.load(second).epoch == 1
    assert second.precision.scaler.get_scale() == 512.0
    assert first.precision.scaler.state_dict() == second.precision.scaler.state_dict()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"precision": "fp16"}, "precision is fp16, but the device is cpu"),
        (
            {"layer_rates": {"grü": 0.1}},
            "layer_rates names 'grü', which the network does not have: expected a layer",
        ),
    ],
)
def test_what_device_or_network_cannot_do_is_refused_when_training_starts(
    keys, sentence, task, graph, metering, tmp_path
):
    with pytest.raises(Fault, match=sentence):
        run(task, graph, made_by(**keys), metering, tmp_path)
    assert not (tmp_path / "model.resume").exists()


def with_value(task, hours, node, value):
    """The task with readings that were not observed, so that nothing scales or scores them."""
    values, observed = task.panel.values.copy(), task.panel.observed.copy()
    values[hours, node], observed[hours, node] = value, False
    return task_of(Panel(values, observed, task.panel.times, task.panel.nodes, "kWh", "UTC", "test"))


@pytest.mark.parametrize("keys", [{}, {"accumulate": 4}])
def test_a_loss_that_is_no_number_is_told_with_batch_node_and_hour(keys, graph, metering, tmp_path):
    broken = with_value(task_of(small_panel()), slice(300, 302), 3, 3e38)
    recipe = made_by("dlinear", **{"steps_per_epoch": 400, "batch": 4, **keys})
    with pytest.raises(Fault) as caught:
        run(broken, graph, recipe, metering, tmp_path)
    message = str(caught.value)
    assert "loss is not finite at epoch 1, batch" in message
    first = message.split("largest scaled values are those of ")[1].split(",")[0]
    node, hour = first.split(" (")[0].split(" at ")
    assert node == "node_3"
    hours = (np.datetime64(hour) - broken.panel.times[300]) / np.timedelta64(1, "h")
    assert -3 < hours <= 13, "the reading is in this pair's history or target"
    number = int(message.split("batch ")[1].split(",")[0])
    batches = make_batches(recipe, broken, make_forecaster(recipe, broken, graph, CPU))
    batch = list(batches.epoch(1))[number - 1]
    assert np.datetime64(hour) in broken.panel.times[batch.origins.numpy()]
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("sampled", [{}, {"node_keep_share": 0.4}])
def test_a_window_at_fault_is_named_too(sampled, task, graph):
    """The network that sees all nodes bounds what it is given; its targets may be absurd all the same."""
    recipe = made_by("stgnn_reference", batch=3, **sampled)
    forecaster = make_forecaster(recipe, task, graph, CPU)
    batches = list(make_batches(recipe, task, forecaster).epoch(1))[:2]
    learned = [0, 1, 2, 3, 4] if batches[1].nodes is None else batches[1].nodes.tolist()
    batches[1].target[2, 1, -1] = float("nan")
    position, text = describe_extremes(batches, task)
    assert position == 1
    hour = task.panel.times[int(batches[1].origins[2])]
    assert text.startswith(f"node_{learned[-1]} at {hour} (up to inf), ")
    absent = next(node for node in range(5) if node not in learned or node == 0)
    batches[0].inputs[0][1, 4, absent] = -1e9
    batches[1].target[2, 1, -1] = 0.0
    position, text = describe_extremes(batches, task)
    hour = task.panel.times[int(batches[0].origins[1])]
    assert (position, text.split(", ")[0]) == (0, f"node_{absent} at {hour} (up to 1e+09)")


def test_it_stops_at_the_very_batch_and_keeps_the_best_weights(task, graph, metering, tmp_path, monkeypatch):
    steps = []
    step = loop.Learner.step

    def spoilt(self, batches, number):
        steps.append(number)
        loss = step(self, batches, number)
        return loss * float("nan") if number == 7 + 4 else loss

    monkeypatch.setattr(loop.Learner, "step", spoilt)
    with pytest.raises(Fault, match=r"epoch 2, batch 5, .*best weights so far are kept in .*model\.resume"):
        run(task, graph, made_by(), metering, tmp_path)
    assert steps == list(range(7 + 5))
    tensors, about = read_tensors(tmp_path / "model.resume")
    assert about["training"]["epoch"] == 1
    assert all(np.isfinite(value).all() for value in tensors.values())


def test_on_a_gpu_it_looks_every_so_many_steps_and_names_the_same_batch(
    task, graph, metering, tmp_path, monkeypatch
):
    """Looking makes a GPU wait. Steps after the first bad one are for nothing, but are not blamed."""
    monkeypatch.setattr(loop, "steps_between_looks", lambda device: 3)
    steps = []
    step = loop.Learner.step

    def spoilt(self, batches, number):
        steps.append(number)
        return step(self, batches, number) * (float("nan") if number >= 3 else 1)

    monkeypatch.setattr(loop.Learner, "step", spoilt)
    with pytest.raises(Fault, match="epoch 1, batch 4,"):
        run(task, graph, made_by(), metering, tmp_path)
    assert len(steps) == 6


def test_a_validation_error_that_is_no_number_stops_too(graph, metering, tmp_path):
    task = task_of(small_panel())
    broken = with_value(
        task, slice(task.splits.validation.start + 20, task.splits.validation.start + 30), 1, 3e38
    )
    with pytest.raises(Fault, match="the validation error is not finite after epoch 1"):
        run(broken, graph, made_by("dlinear"), metering, tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda tensors: tensors | {"gru.weight_hh_l0": np.zeros((6, 2), np.float32)},
            r"its tensor gru\.weight_hh_l0 has the shape \[6, 2\], in the network it has the shape \[12, 4\]",
        ),
        (
            lambda tensors: {name: value for name, value in tensors.items() if name != "own.weight"},
            r"its tensor own\.weight does not exist, in the network it has the shape \[4, 1\]",
        ),
        (
            lambda tensors: tensors | {"more": np.zeros(3, np.float32)},
            r"its tensor more has the shape \[3\], in the network it does not exist",
        ),
    ],
)
def test_a_checkpoint_of_another_shape_gives_one_sentence(change, sentence, task, graph, tmp_path):
    path = tmp_path / "model.safetensors"
    network = make_forecaster(made_by(), task, graph, CPU).network

    class Changed(torch.nn.Module):
        def state_dict(self):
            whole = {name: value.numpy() for name, value in network.state_dict().items()}
            return {name: torch.from_numpy(value) for name, value in change(whole).items()}

    write_checkpoint(path, Changed(), made_by())
    with pytest.raises(Fault, match=sentence) as caught:
        read_checkpoint(path, task, graph, CPU)
    assert "\n" not in str(caught.value)
