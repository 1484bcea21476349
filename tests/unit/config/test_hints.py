"""Errors of a configuration say what to write: a share as a number, a block for a bare name, a key in its block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from refused_study import said
from wattshed.config.plugin_block import read_block
from wattshed.config.sentences import sentence
from wattshed.foundation import plugins


def variant(block):
    return lambda config: config["compression"]["variants"].update(mine=block)


def strategy(block):
    return lambda config: config["adaptation"].update(strategies={"mine": block})


def block(*path, **keys):
    def change(config):
        for part in path:
            config = config.setdefault(part, {})
        config.update(keys)

    return change


@pytest.mark.parametrize(
    ("change", "place", "written"),
    [
        (variant({"method": "prune", "keep_share": "50%"}), "compression.variants.mine.keep_share", "0.5"),
        (variant({"method": "mask", "keep_share": "12,5 %"}), "compression.variants.mine.keep_share", "0.125"),
        (variant({"method": "sparse_training", "density": "40%"}), "compression.variants.mine.density", "0.4"),
        (strategy({"kind": "replay", "memory_share": "5%"}), "adaptation.strategies.mine.memory_share", "0.05"),
        (block("compression", error_budget_share="5%"), "compression.error_budget_share", "0.05"),
        (block("data", "splits", train_share="60%"), "data.splits.train_share", "0.6"),
        (block("models", "gru", state_dropout="20%"), "models.gru.state_dropout", "0.2"),
        (block("recipes", "frugal", learning_rate="0,001"), "recipes.frugal.learning_rate", "0.001"),
        # A key of per cent keeps the number.
        (variant({"method": "static_int8", "percentile": "99%"}), "compression.variants.mine.percentile", "99"),
    ],
)  # fmt: skip
def test_a_share_in_per_cent_is_to_be_written_as_a_number(config, change, place, written):
    message = said(config, change)
    assert message.startswith(
        f"study.yaml: {place}: input should be a valid number; write {written} (found '"
    )
    assert message.endswith("').")


@pytest.mark.parametrize("text", ["150%", "half", "-5%", "0%", "%", "50%%", ""])
def test_a_text_that_means_no_share_gets_no_number(config, text):
    message = said(config, variant({"method": "prune", "keep_share": text}))
    assert "write" not in message
    assert message.endswith(f"(found {text!r}): correct it and run again.")


def test_a_number_in_quotes_is_to_be_written_without_them(config):
    message = said(config, block("recipes", "frugal", batch="50"))
    assert message.endswith("input should be a valid integer; write 50 without quotes (found '50').")
    # A half of a batch is no number of windows.
    assert "write" not in said(config, block("recipes", "frugal", batch="50%"))
    assert "write" not in said(config, block("recipes", "frugal", batch="0"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (variant({"method": "prune", "keep_share": 50}), "write 0.5 if you mean 50 per cent (found 50)."),
        (
            block("compression", error_budget_share=2.5),
            "write 0.025 if you mean 2.5 per cent (found 2.5).",
        ),
        (
            block("recipes", "frugal", edge_keep_share=90, sampling="windows"),
            "write 0.9 if you mean 90 per cent (found 90).",
        ),
    ],
)
def test_per_cent_without_a_sign_are_told_too(config, change, words):
    assert said(config, change).endswith(words)


def test_a_large_number_that_is_no_share_is_not_divided(config):
    assert "per cent" not in said(config, block("recipes", "frugal", learning_rate=50))
    assert "per cent" not in said(config, variant({"method": "prune", "keep_share": 5000}))
    assert "per cent" not in said(config, variant({"method": "prune", "keep_share": 1}))


def test_a_whole_that_is_refused_is_not_advised(config):
    assert "write" not in said(config, variant({"method": "prune", "keep_share": 100}))


def test_a_comma_before_three_digits_may_part_thousands_so_that_no_number_is_advised(config):
    assert "write" not in said(config, block("recipes", "frugal", batch="1,000"))
    assert "write" not in said(config, block("recipes", "frugal", learning_rate="1,000"))


@given(st.integers(1, 99))
def test_what_is_to_be_written_is_the_share_and_is_accepted(percent):
    with pytest.raises(ValidationError) as caught:
        read_block("method", "method", {"method": "prune", "keep_share": f"{percent}%"})
    settings = plugins.load("method", "prune").Settings
    message = sentence(caught.value, "x", settings, {"method": "prune", "keep_share": f"{percent}%"})
    written = float(message.split("write ")[1].split(" ")[0])
    assert written == percent / 100
    assert settings(method="prune", keep_share=written).keep_share == written


@pytest.mark.parametrize(
    ("change", "place", "example"),
    [
        (variant("prune"), "compression.variants.mine", "{method: prune, keep_share: ...} (found 'prune')."),
        (variant("prnue"), "compression.variants.mine", "{method: prune, keep_share: ...} (found 'prnue')."),
        (variant("int8"), "compression.variants.mine", "{method: int8} (found 'int8')."),
        (variant(["prune"]), "compression.variants.mine", "{method: ...} with one of drop_features, prune, "),
        (variant(None), "compression.variants.mine", "{method: ...} with one of drop_features, prune, "),
        (variant(0.5), "compression.variants.mine", "{method: ...} with one of drop_features, prune, "),
        (strategy("replay"), "adaptation.strategies.mine", "{kind: replay} (found 'replay')."),
        (block("models", mine="gru"), "models.mine", "{form: gru, recipe: ...} (found 'gru')."),
        (block("data", source="homes"), "data.source", "{kind: homes} (found 'homes')."),
        (
            variant({"method": "distil", "student": "gru"}),
            "compression.variants.mine.student",
            "{form: gru} (found 'gru').",
        ),
        (
            variant({"method": "distil", "student": {"form": "gru"}, "recipe": "frugal"}),
            "compression.variants.mine.recipe",
            "{sampling: ..., batch: ..., epochs: ..., learning_rate: ..., schedule: ..., scaling: ...} (found "
            "'frugal').",
        ),
        (block("compression", variants="half"), "compression.variants", "{name: {method: ...}} (found 'half')."),
        (block("compression", variants=[{"method": "int8"}]), "compression.variants", "{name: {method: ...}}."),
        (block(data="homes"), "data", "{source: ..., windows: ...} (found 'homes')."),
        (block(chains="c"), "chains", "[{name: ..., model: ..., steps: ...}] (found 'c')."),
        (block(chains=["c"]), "chains.0", "{name: ..., model: ..., steps: ...} (found 'c')."),
        (
            block(chains=[{"name": "c", "model": "stgnn", "steps": "replay"}]),
            "chains.0.steps",
            "[replay] (found 'replay').",
        ),
        (block("energy", carbon="x"), "energy.carbon", "{"),
        (block(ladder="x"), "ladder", "{steps: ..., reference: ...} (found 'x')."),
    ],
)  # fmt: skip
def test_a_value_in_the_place_of_a_block_is_answered_with_the_block(config, change, place, example):
    message = said(config, change)
    assert message.startswith(f"study.yaml: {place}: expected a ")
    assert f"; write {example}" in message


def distil(**keys):
    return variant({"method": "distil", **keys})


MINE = "compression.variants.mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            distil(student="gru", hidden=8),
            f"{MINE}.hidden is not a known key: hidden is a key of {MINE}.student; write student: "
            "{form: gru, hidden: 8}. (1 more after it)",
        ),
        (
            distil(student={"form": "gru"}, hidden=8),
            f"hidden is a key of {MINE}.student; write student: {{form: gru, hidden: 8}}.",
        ),
        (
            distil(form="gru"),
            f"form is a key of {MINE}.student; write student: {{form: gru}}. (1 more after it)",
        ),
        (distil(hidden=8), f"hidden is a key of {MINE}.student; write student: {{form: ..., hidden: 8}}."),
        (
            distil(student={"form": "gru", "output_weight": 0.5}),
            f"output_weight is a key of {MINE}; write it beside student.",
        ),
        (
            distil(student={"form": "gru"}, epochs=8),
            f"epochs is a key of {MINE}.recipe; write recipe: {{epochs: 8}}.",
        ),
        # Both the recipe of the student and the block around the variant have such a key.
        (
            distil(student={"form": "gru"}, learning_rate=0.1),
            f"learning_rate is a key of {MINE}.recipe or of compression; write it in one of them.",
        ),
        (
            variant({"method": "prune", "keep_share": 0.5, "error_budget_share": 0.1}),
            "error_budget_share is a key of compression; write it beside variants.",
        ),
        (block("compression", keep_share=0.5), "keep_share is a key of compression.variants.<name>; write it there."),
        (block(variants={}), "variants is a key of compression; write compression: {variants: ...}."),
        (block("data", seeds=[1]), "seeds is a key of the file itself; write it beside data."),
        (block("data", look_back_h=24), "look_back_h is a key of data.windows; write windows: {look_back_h: 24}."),
        (block(horizon_h=24), "horizon_h is a key of data.windows; write it there."),
        (block("energy", intensity=300), "intensity is a key of energy.carbon; write carbon: {intensity: 300}."),
        # A misspelt key is misspelt, even where another block has one like it.
        (block(seed=[1]), "seed is not a known key: did you mean 'seeds'?"),
        (distil(student={"form": "gru", "hiden": 8}), "student.hiden is not a known key: did you mean 'hidden'?"),
        # A key of the same level in another family belongs in no block below or above.
        (block("models", "dlinear", hidden=8), "expected one of form, recipe, graph, minimum_edge_weight, engine;"),
    ],
)  # fmt: skip
def test_a_key_of_another_level_is_sent_to_its_block(config, change, words):
    assert words in said(config, change)


def test_a_long_value_is_not_repeated(config):
    message = said(config, distil(student={"form": "gru"}, hidden="x" * 10_000))
    assert message.endswith("write student: {form: gru, hidden: ...}.")
    assert len(message) < 300
