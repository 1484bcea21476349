"""Every memory mechanism of the table keeps the contract of mechanisms: one line in ``SETTINGS`` tests a new one."""

import pytest
import torch
from pydantic import ValidationError

from light_plugins import heavy_imports
from mechanism_cases import (
    WINDOWS,
    block_of,
    families,
    inputs_of,
    plain,
    recipe_of,
    settings_of,
    sizes,
    step_of,
    windows_of,
)
from model_blocks import model_block
from wattshed.foundation import plugins

# Settings of each mechanism that fit networks on 12 hours. One that is not listed must work with its defaults.
SETTINGS: dict[str, dict[str, object]] = {
    "block_attention": {"block": 4},
    "gating": {"skip_share": 0.3},
    "low_rank": {"rank": 2},
}
# Configurations that must be refused when they are read: mechanism, its settings, keys of the model, of the recipe, the
# plan's other mechanisms, and what the sentence says.
REFUSED: list[tuple[str, dict, dict, dict, set[str], str]] = [
    ("block_attention", {"block": 13}, {}, {}, set(), r"block is 13, but attention has 12 places \(data.windows"),
    ("block_attention", {"block": 6}, {"length_h": 5}, {}, set(), r"block is 6, .* has 5 places \(length_h\)"),
    ("block_attention", {"block": 4, "neighbours": 2}, {}, {}, set(), "cover all 12 .* neighbours of at most 1"),
    ("block_attention", {"block": 6, "neighbours": 1}, {}, {}, set(), "cover all 12 .* neighbours of at most 0"),
    ("block_attention", {"block": 12, "neighbours": 0}, {}, {}, set(), "expected a block of less than 12 places"),
    ("block_attention", {"block": 4}, {}, {}, {"fused_attention"}, "both choose the kernel of attention"),
    ("fused_attention", {}, {}, {}, {"block_attention"}, "both choose the kernel of attention"),
    ("low_rank", {"rank": 4}, {"width": 8}, {}, set(), "rank is 4, but attention is 8 wide; expected at most 3"),
    ("low_rank", {"rank": 1}, {"width": 2}, {}, set(), "expected a width of at least 3"),
]  # fmt: skip
# What pydantic refuses in a mechanism's own settings.
MISWRITTEN = [
    ("block_attention", {"block": 0}),
    ("block_attention", {"block": 4, "neighbours": -1}),
    ("block_attention", {}),
    ("aggregation", {"kernel": "messages"}),
    ("low_rank", {"rank": 0}),
    ("low_rank", {}),
]


PAIRS = [(kind, form) for kind in plugins.names("mechanism") for form in families(kind)]
of_every_pair = pytest.mark.parametrize(("kind", "form"), PAIRS)


@pytest.fixture(params=plugins.names("mechanism"))
def kind(request):
    return request.param


def own_settings(kind):
    return settings_of(kind, SETTINGS.get(kind, {}))


def applied(kind, form, seed=1):
    """The family's network with the mechanism; weights of its own are drawn from the seed."""
    mechanism, settings = plugins.load("mechanism", kind), own_settings(kind)
    mechanism.check(settings, recipe_of(form), block_of(form), windows_of(form), frozenset())
    return mechanism.apply(plain(form), settings, seed)


def test_reading_the_settings_of_all_mechanisms_loads_no_heavy_library():
    assert heavy_imports("mechanism") == ""


def test_every_setting_has_a_description_and_no_others_are_accepted(kind):
    mechanism = plugins.load("mechanism", kind)
    for name, key in mechanism.Settings.model_fields.items():
        assert key.description, name
    assert own_settings(kind).kind == kind
    with pytest.raises(ValidationError, match="unheard_of"):
        settings_of(kind, {**SETTINGS.get(kind, {}), "unheard_of": 1})
    assert mechanism.gradients in ("equal", "close", "other")
    assert mechanism.source_name is None or mechanism.source_name.strip()


def test_some_family_of_the_house_offers_what_a_mechanism_asks(kind):
    assert families(kind)


@of_every_pair
def test_a_network_with_the_mechanism_computes_a_step(kind, form):
    """Its gradients are those of the plain network, as the mechanism declares them."""
    mechanism = plugins.load("mechanism", kind)
    before, changed = plain(form), applied(kind, form)
    inputs = inputs_of(before)
    assert (sizes(changed) != sizes(before)) == mechanism.changes_weights
    expected, wanted = step_of(before, inputs)
    found, gradients = step_of(changed, inputs, mechanism, own_settings(kind))
    assert found.shape == expected.shape
    assert torch.isfinite(found).all()
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())
    if mechanism.gradients == "equal":
        assert torch.equal(found, expected)
        assert gradients.keys() == wanted.keys()
        assert all(torch.equal(gradients[name], one) for name, one in wanted.items())
    elif mechanism.gradients == "close":
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
        assert gradients.keys() == wanted.keys()
        largest = max(float(one.abs().max()) for one in wanted.values())
        for name, one in wanted.items():
            torch.testing.assert_close(gradients[name], one, rtol=1e-3, atol=1e-5 * largest)


@of_every_pair
def test_weights_go_into_a_second_network_with_the_mechanism(kind, form):
    """As a checkpoint does it: the network is made, the mechanism applied, the weights loaded."""
    first, second = applied(kind, form), applied(kind, form, seed=2)
    if plugins.load("mechanism", kind).changes_weights:
        assert not same_weights(first, second)
        assert same_weights(first, applied(kind, form))
    second.load_state_dict(first.state_dict())
    inputs = inputs_of(first)
    with torch.no_grad():
        assert torch.equal(first.eval()(inputs), second.eval()(inputs))


def same_weights(first, second):
    others = second.state_dict()
    return all(torch.equal(one, others[name]) for name, one in first.state_dict().items())


@of_every_pair
def test_a_mechanism_leaves_the_drawing_of_numbers_as_it_was(kind, form):
    """A training that is compared with the plain one must draw the same batches."""
    network = plain(form)
    before = torch.random.get_rng_state()
    plugins.load("mechanism", kind).apply(network, own_settings(kind), 1)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("kind", "keys", "model", "recipe", "others", "says"), REFUSED)
def test_what_cannot_be_is_refused_when_the_configuration_is_read(kind, keys, model, recipe, others, says):
    block = model_block("transformer", **{"heads": 1, **model})
    with pytest.raises(ValueError, match=says) as refused:
        plugins.load("mechanism", kind).check(
            settings_of(kind, keys), recipe_of("transformer", **recipe), block, WINDOWS, frozenset(others)
        )
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("kind", "keys"), MISWRITTEN)
def test_settings_that_make_no_sense_are_refused(kind, keys):
    with pytest.raises(ValidationError):
        settings_of(kind, keys)
