"""Settings of strategies: what is refused when a configuration is read, in one sentence each."""

import copy

import pytest

from wattshed.config.models.adaptation import DEFAULT_STEPS, AdaptationBlock, read_strategy
from wattshed.config.study import load_study
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault


def with_strategy(config, **keys):
    """The default study with one more strategy on one model."""
    changed = copy.deepcopy(config)
    changed["adaptation"]["strategies"] = {"frozen": {"kind": "frozen"}, "mine": keys}
    changed["chains"] = []
    changed["adaptation"]["models"] = ["stgnn"]
    return changed


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "naive", "steps": 10, "epochs": 2}, "steps is 10 and epochs 2; expected one of them"),
        ({"kind": "replay", "memory_share": 0.0}, r"memory_share.* greater than 0"),
        ({"kind": "replay", "memory_share": 1.0}, r"memory_share.* less than 1"),
        ({"kind": "der", "memory_share": 1.5}, r"memory_share.* less than 1"),
        ({"kind": "der", "memory_share": 0.1, "memory_pairs": 5}, r"memory_pairs is 5 and memory_share 0\.1"),
        ({"kind": "replay", "memory_pairs": 0}, r"memory_pairs.* greater than or equal to 1"),
        ({"kind": "ewc", "hold": 0.0}, r"hold.* greater than 0"),
        ({"kind": "ewc", "hold": -1.0}, r"hold.* greater than 0"),
        ({"kind": "ewc", "hold": float("inf")}, r"hold"),
        ({"kind": "ewc", "gamma": 1.1}, r"gamma.* less than or equal to 1"),
        ({"kind": "ewc", "lambda": 3.0}, r"lambda"),
        ({"kind": "lwf", "output_weight": 0.0}, r"output_weight.* greater than 0"),
        ({"kind": "der", "output_weight": 0.0}, r"output_weight.* greater than 0"),
        ({"kind": "ema", "decay": 1.0}, r"decay.* less than 1"),
        ({"kind": "ema", "decay": 0.0}, r"decay.* greater than 0"),
        ({"kind": "naive", "weight_decay": -0.1}, r"weight_decay.* greater than or equal to 0"),
        ({"kind": "naive", "epochs": 0}, r"epochs.* greater than or equal to 1"),
        ({"kind": "joint", "continued": "perhaps"}, r"continued"),
        ({"kind": "frozen", "steps": 5}, r"strategies\.mine has steps, which the kind frozen does not read"),
        ({"kind": "exact", "epochs": 2, "batch": 8}, "has epochs, batch, which the kind exact does not read"),
        ({"kind": "frozen", "learning_rate": 0.1}, "has learning_rate, which the kind frozen does not read"),
        ({"kind": "exact", "weight_decay": 0.0}, "has weight_decay, which the kind exact does not read"),
        ({"kind": "node_tabel"}, "did you mean 'node_table'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(config, keys, message):
    with pytest.raises(Fault, match=message) as raised:
        load_study(with_strategy(config, **keys))
    assert "\n" not in str(raised.value)


def test_the_node_table_strategy_needs_a_model_with_the_key(config):
    sentence = (
        r"adaptation\.models\.0: the family stgnn has no node table \(in stgnn, gru, lstm and transformer, the key "
        r"node_table: true makes one\), which 'mine' needs: choose another model or step"
    )
    with pytest.raises(Fault, match=sentence):
        load_study(with_strategy(config, kind="node_table"))
    changed = with_strategy(config, kind="node_table")
    changed["adaptation"]["models"] = ["gru"]
    changed["models"]["gru"]["node_table"] = True
    changed["ladder"] = None
    study = load_study(changed)
    assert study.adaptation.settings_of("mine").kind == "node_table"


@pytest.mark.parametrize("method", ["low_rank", "int8"])
def test_a_node_table_does_not_outlive_a_method_that_keeps_less(config, method):
    changed = with_strategy(config, kind="node_table")
    changed["adaptation"]["models"] = []
    changed["models"]["gru"]["node_table"] = True
    changed["compression"]["variants"] = {
        "less": {"method": method} | ({"rank": 4} if method == "low_rank" else {})
    }
    changed["compression"]["models"] = []
    changed["chains"] = [{"name": "late", "model": "gru", "steps": ["less", "mine"]}]
    with pytest.raises(Fault, match=r"after 'less' a network .*has no node table.*: put 'mine' before it"):
        load_study(changed)


def test_families_without_the_key_have_no_node_table(config):
    changed = with_strategy(config, kind="node_table")
    changed["adaptation"]["models"] = ["stgnn_reference"]
    with pytest.raises(Fault, match="the family stgnn_reference has no node table"):
        load_study(changed)


def block(**keys):
    strategies = {
        "naive": {"kind": "naive"},
        "joint": {"kind": "joint"},
        "long": {"kind": "naive", "epochs": 3},
    }
    return AdaptationBlock.model_validate({"strategies": strategies, **keys})


def test_empty_keys_take_the_block_s_values_and_steps_give_way_to_epochs():
    naive = block().settings_of("naive")
    assert (naive.steps, naive.epochs, naive.batch, naive.weight_decay) == (DEFAULT_STEPS, None, 256, None)
    naive = block(epochs=2, weight_decay=0.1).settings_of("naive")
    assert (naive.steps, naive.epochs, naive.weight_decay) == (None, 2, 0.1)
    own = block(steps=7).settings_of("long")
    assert (own.steps, own.epochs) == (None, 3)
    with pytest.raises(ValueError, match="steps is 4 and epochs 2; expected one of them: remove the other"):
        block(steps=4, epochs=2)
    again = AdaptationBlock.model_validate_json(block(epochs=2).model_dump_json())
    assert again == block(epochs=2)


def test_joint_from_new_weights_leaves_its_pace_to_the_recipe():
    joint = block(steps=7).settings_of("joint")
    assert (joint.steps, joint.epochs, joint.batch, joint.learning_rate) == (None, None, None, None)
    on = AdaptationBlock.model_validate({"strategies": {"joint": {"kind": "joint", "continued": True}}})
    assert on.settings_of("joint").steps == DEFAULT_STEPS


@pytest.mark.parametrize(
    "kind", [kind for kind in plugins.names("strategy") if read_strategy({"kind": kind}).learns_by_steps]
)
def test_every_strategy_that_learns_by_steps_can_name_its_own_pace(kind):
    keys = {"kind": kind, "epochs": 2, "batch": 8, "learning_rate": 1e-4, "weight_decay": 0.01}
    own = AdaptationBlock.model_validate({"strategies": {"mine": keys}}).settings_of("mine")
    assert own.model_dump(include=set(keys)) == keys
    assert own.steps is None


def test_strategies_without_steps_may_stand_in_a_block_that_sets_the_pace_of_others():
    """Only own keys are refused: the block's are for the strategies that learn by steps."""
    block = AdaptationBlock.model_validate(
        {"steps": 7, "strategies": {name: {"kind": name} for name in ("frozen", "exact", "naive")}}
    )
    assert block.settings_of("naive").steps == 7
    # A job reads the filled settings again.
    for name in ("frozen", "exact"):
        filled = block.settings_of(name).model_dump(mode="json", exclude_none=True)
        assert read_strategy(filled).steps == 7
