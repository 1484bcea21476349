"""What settings alone show to be impossible is refused when the configuration is read, not in the job."""

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model_blocks import model_block, untrained
from wattshed.compression.methods import drop_features, low_rank
from wattshed.compression.methods.drop_features import DropFeaturesSettings
from wattshed.compression.methods.low_rank import LowRankSettings
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import CLOSED_FORM, RecipeBlock, most_steps
from wattshed.config.study import load_study
from wattshed.forecast.families.pooled_features import feature_count
from wattshed.forecast.pooled.features import feature_groups
from wattshed.foundation.faults import Fault


@pytest.fixture(scope="module")
def config(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


def load(config, model, windows=None, steps=("mine",), **variants):
    """A study whose chain makes the variants, in order, of the model."""
    read = yaml.safe_load(yaml.safe_dump(config))
    read["data"]["windows"] = windows or {"look_back_h": 24, "horizon_h": 6}
    read["compression"]["variants"] |= {name: {"models": [], **block} for name, block in variants.items()}
    read["chains"] = [{"name": "tried", "model": model, "steps": list(steps)}]
    return load_study(read)


@pytest.mark.parametrize(
    ("mine", "windows", "says"),
    [
        (
            {"method": "low_rank", "rank": 5},
            None,
            r"rank is 5; expected less than 4.8, for the trend's matrix \[6, 24\]: from there on the two thin",
        ),
        ({"method": "low_rank_scratch", "rank": 20}, None, "rank is 20; expected less than 4.8"),
        ({"method": "low_rank", "rank": 1}, {"look_back_h": 24, "horizon_h": 1}, "rank is 1; expected less than 0.96"),
        ({"method": "mask", "keep_share": 0.003}, None, "keeps none of the 144 weights of the trend's matrix"),
        (
            {"method": "mask", "keep_share": 0.003, "scope": "global"},
            None,
            "keep_share 0.003 keeps 1 of 288 weights in 2 matrices",
        ),
        ({"method": "mask", "keep_share": 0.999}, None, "removes none of the 288 weights"),
        ({"method": "sparse_training", "density": 0.003}, None, "density 0.003 keeps none of the 144 weights"),
        (
            {"method": "lottery_ticket", "share_per_round": 0.9, "rounds": 4, "scope": "layer"},
            None,
            "in round 3 keeps none of the 1 weights of the trend's matrix|keeps none of the",
        ),
        (
            {"method": "distil", "student": {"form": "dlinear"}},
            None,
            "the student has 300 weights and its teacher 300; expected a smaller student",
        ),
        (
            {"method": "distil", "student": {"form": "gru", "hidden": 16}},
            None,
            "the student has .* weights and its teacher 300; expected a smaller student",
        ),
    ],
)  # fmt: skip
def test_the_sizes_of_dlinear_are_known_when_the_configuration_is_read(config, mine, windows, says):
    with pytest.raises(Fault, match=rf"'mine' cannot be made of 'dlinear': .*(?:{says})"):
        load(config, "dlinear", windows, mine=mine)


@pytest.mark.parametrize(
    "mine",
    [
        {"method": "low_rank", "rank": 4},
        {"method": "mask", "keep_share": 0.5},
        {"method": "sparse_training", "density": 0.5, "update_every": 2},
        {"method": "lottery_ticket"},
        {"method": "distil", "student": {"form": "gru", "hidden": 2}},
    ],
    ids=lambda block: block["method"],
)
def test_what_fits_dlinear_is_read(config, mine):
    assert "dlinear" in load(config, "dlinear", mine=mine).models


@given(
    st.integers(2, 40),
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from(["dlinear", "transformer", "lstm"]),
)
def test_a_rank_is_refused_exactly_where_the_job_would_refuse_it(look_back_steps, horizon_steps, rank, form):
    torch.manual_seed(0)
    windows = WindowsBlock(look_back_h=look_back_steps, horizon_h=horizon_steps)
    settings = LowRankSettings(method="low_rank", rank=rank)
    keys = {
        "transformer": {"width": 4, "feed_forward": look_back_steps},
        "lstm": {"hidden": 8, "channels": 30},
    }
    keys = {"form": form, **keys.get(form, {})}
    network = untrained(windows, 3, **keys)
    try:
        low_rank.METHOD.make(network, settings)
        refused = False
    except Fault:
        refused = True
    try:
        low_rank.METHOD.check_sizes(settings, model_block(**keys), [], windows, CLOSED_FORM)
        known = False
    except ValueError:
        known = True
    assert known == refused


@given(st.integers(2, 24 * 14), st.integers(1, 24 * 7), st.booleans(), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_the_features_are_counted_as_they_are_made(look_back_steps, horizon_steps, neighbours, per_hour):
    keys = {"neighbours": neighbours, "steps_per_hour": per_hour}
    made = sum(group.count for group in feature_groups(look_back_steps, horizon_steps, **keys))
    assert feature_count(look_back_steps, horizon_steps, **keys) == made


def with_family(config, **block):
    """The study with one more model."""
    read = yaml.safe_load(yaml.safe_dump(config))
    read["models"]["tried"] = {"recipe": "frugal", **block}
    return read


TRANSFORMER = {"form": "transformer", "width": 8}


@pytest.mark.parametrize(
    ("block", "mine", "says"),
    [
        (TRANSFORMER, {"method": "prune", "keep_share": 0.5, "what": "channels"}, "transformer have no channels that"),
        (TRANSFORMER, {"method": "prune_gradually", "keep_share": 0.01, "fine_tune_steps": 9}, "keeps 0 of 32 units"),
        (TRANSFORMER, {"method": "low_rank", "rank": 7}, r"less than 6.4, for the first feed-forward matrix"),
        (TRANSFORMER, {"method": "mask", "keep_share": 0.001}, "keeps none of the 192 weights of queries, keys and"),
        (TRANSFORMER, {"method": "drop_features", "keep_share": 0.5}, "has no features to drop"),
        (TRANSFORMER, {"method": "distil", "student": TRANSFORMER}, "its teacher 2,022; expected a smaller"),
        (
            {**TRANSFORMER, "layers": 3},
            {"method": "distil", "student": {**TRANSFORMER, "length_h": 25}},
            "length_h is 25, but data.windows.look_back_h is 24",
        ),
        (
            TRANSFORMER,
            {"method": "distil", "student": {"form": "gru", "hidden": 4}, "hidden_weight": 1},
            "the teacher's family transformer carries no state from hour to hour",
        ),
        ({"form": "lstm"}, {"method": "low_rank", "rank": 13}, "less than 12.8, four fifths of the 16 units"),
        ({"form": "lstm"}, {"method": "mask", "keep_share": 0.0001}, "keeps none of the 1024 recurrent weights"),
        ({"form": "lstm", "recurrent_layers": 2}, {"method": "prune", "keep_share": 0.5}, "has no units to prune"),
        ({"form": "lstm"}, {"method": "distil", "student": {"form": "lstm"}}, "expected less than the 16 units"),
    ],
)  # fmt: skip
def test_what_lstm_and_transformer_cannot_do_is_refused(config, block, mine, says):
    with pytest.raises(Fault, match=says) as raised:
        load(with_family(config, **block), "tried", mine=mine)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("form", ["lstm", "transformer"])
@pytest.mark.parametrize(
    "mine",
    [
        {"method": "prune", "keep_share": 0.5},
        {"method": "prune_gradually", "keep_share": 0.5, "fine_tune_steps": 9},
        {"method": "low_rank", "rank": 2},
        {"method": "low_rank_scratch", "rank": 2},
        {"method": "mask", "keep_share": 0.5},
        {"method": "sparse_training", "density": 0.5, "update_every": 2},
        {"method": "lottery_ticket"},
        {"method": "distil", "student": {"form": "transformer", "width": 2, "layers": 1}},
    ],
    ids=lambda block: block["method"],
)
def test_what_lstm_and_transformer_can_do_is_read(config, form, mine):
    assert "tried" in load(with_family(config, form=form), "tried", mine=mine).models


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({**TRANSFORMER, "length_h": 25}, "models.tried.length_h is 25, but data.windows.look_back_h is 24"),
        ({**TRANSFORMER, "heads": 3}, "models.tried: width is 8 and heads is 3; expected a width"),
        ({**TRANSFORMER, "layers": 0}, r"models.tried.layers: .* equal to 1 \(found 0\)"),
        ({"form": "lstm", "hidden": 0}, r"models.tried.hidden: .* equal to 1 \(found 0\)"),
    ],
)  # fmt: skip
def test_sizes_that_make_no_network_are_refused_in_one_sentence(config, block, says):
    with pytest.raises(Fault, match=says) as raised:
        load(with_family(config, **block), "gru")
    assert "\n" not in str(raised.value)


def drop(keep_share):
    return {"method": "drop_features", "keep_share": keep_share}


def test_features_that_cannot_be_dropped_are_refused_after_earlier_drops_too(config):
    with pytest.raises(
        Fault, match=r"keep_share 0.9999 keeps (\d+) of \1 features: expected a share that keeps"
    ):
        load(config, "pooled_ridge", mine=drop(0.9999))
    with pytest.raises(Fault, match=r"keep_share 0.01 keeps 0 of \d+ features: expected a share that keeps"):
        load(config, "pooled_ridge", steps=("mine", "again"), mine=drop(0.05), again=drop(0.01))
    load(config, "pooled_ridge", steps=("mine", "again"), mine=drop(0.5), again=drop(0.5))


def test_a_family_that_counts_no_features_is_left_to_the_job():
    settings = DropFeaturesSettings(**drop(0.9999))
    windows = WindowsBlock(look_back_h=24, horizon_h=6)
    assert drop_features.METHOD.check_sizes(settings, model_block("gru"), [], windows, CLOSED_FORM) is None


def sparse(config, update_every, source, **recipe):
    read = yaml.safe_load(yaml.safe_dump(config))
    read["data"]["source"] = source
    read["recipes"]["passes"] = {
        **read["recipes"]["frugal"],
        "sampling": "pairs",
        "steps_per_epoch": None,
        **recipe,
    }
    read["models"]["gru"]["recipe"] = "passes"
    read["compression"]["variants"]["mine"] = {
        "method": "sparse_training", "density": 0.5, "update_every": update_every, "models": []
    }  # fmt: skip
    read["chains"] = [{"name": "tried", "model": "gru", "steps": ["mine"]}]
    read["ladder"] = read["rolling"] = None
    return load_study(read)


def test_masks_that_cannot_change_in_a_pass_over_a_panel_of_known_size_are_refused(config):
    """4 nodes of 4,000 h are 16,000 pairs: at most 4 batches of 4,096, so 8 steps in 2 epochs."""
    made = {"kind": "synthetic", "nodes": 4, "hours": 4000}
    keys = {"batch": 4096, "epochs": 2, "accumulate": 1}
    with pytest.raises(Fault, match="update_every 6 leaves no change of the masks in the first 6 of 8 steps"):
        sparse(config, 6, made, **keys)
    sparse(config, 5, made, **keys)
    with pytest.raises(Fault, match="update_every 5 leaves no change of the masks in the first 3 of 4 steps"):
        sparse(config, 5, made, **{**keys, "accumulate": 2})
    # The meters' panel is known once it is built.
    sparse(config, 10_000, {"kind": "goiener"}, **keys)
    with pytest.raises(Fault, match="update_every 10000 leaves no change"):
        sparse(config, 10_000, {"kind": "goiener"}, **{**keys, "steps_per_epoch": 100})


@given(st.integers(1, 20), st.integers(48, 5000), st.integers(1, 500), st.integers(1, 5), st.integers(1, 4))
def test_a_pass_never_takes_more_steps_than_said(nodes, hours, batch, epochs, accumulate):
    """Held against the batches of the training, of which the panel's own length is the largest."""
    keys = {"learning_rate": 0.1, "schedule": "cosine", "scaling": "node", "batch": batch, "epochs": epochs}
    for sampling in ("pairs", "windows", "sequences"):
        recipe = RecipeBlock(sampling=sampling, accumulate=accumulate, **keys)
        pairs_each = nodes if sampling == "windows" else recipe.sequence_h if sampling == "sequences" else 1
        batches = -(-hours * nodes // (batch * pairs_each))
        assert epochs * -(-batches // accumulate) <= most_steps(recipe, nodes, hours)
        assert most_steps(recipe, None, hours) is None


OWN = """
import copy
from typing import Literal
from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer

class Settings(VariantBlock):
    method: Literal["own_frozen"]

class OwnFrozen(Method):
    Settings = Settings
    asks = frozenset({Offer.LINEAR_MAPS})
    keeps = frozenset({Offer.LINEAR_MAPS})

    def make(self, network, settings):
        return copy.deepcopy(network)

METHOD = OwnFrozen()
"""


@pytest.mark.parametrize("steps", [0, 10])
def test_steps_of_fine_tuning_that_a_method_cannot_take_are_refused(config, steps, tmp_path, monkeypatch):
    monkeypatch.setenv("WATTSHED_PLUGINS", "[]")
    (tmp_path / "own_frozen.py").write_text(OWN)
    read = yaml.safe_load(yaml.safe_dump(config))
    read["plugins"] = ["own_frozen.py"]
    read["compression"]["variants"]["mine"] = {"method": "own_frozen", "fine_tune_steps": steps, "models": []}
    read["chains"] = [{"name": "tried", "model": "gru", "steps": ["mine"]}]
    if not steps:
        assert load_study(read, beside=tmp_path).compression.variants["mine"].method == "own_frozen"
        return
    with pytest.raises(
        Fault, match=r"'mine' has 10 fine_tune_steps, but what it makes of 'gru' cannot be trained"
    ):
        load_study(read, beside=tmp_path)
