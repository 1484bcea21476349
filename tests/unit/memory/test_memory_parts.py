"""What a network says of its parts agrees with what its family offers and with the parts themselves."""

import pytest
from torch import nn

from mechanism_cases import block_of, plain
from wattshed.engine.aggregation.kernels import KERNELS
from wattshed.engine.attention.kernel import EXPLICIT
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins

TRAINED = [form for form in plugins.names("family") if plugins.load("family", form).samplings]


@pytest.mark.parametrize("form", TRAINED)
def test_parts_exist_and_are_offered(form):
    network = plain(form)
    offers, parts = plugins.load("family", form).offers(block_of(form)), network.memory_parts()
    told = {
        Offer.ATTENTION: parts.attentions,
        Offer.AGGREGATION: parts.aggregations,
        Offer.RECOMPUTED_PARTS: parts.recomputed,
        Offer.SKIPPABLE_BLOCKS: parts.skippable,
    }
    assert {offer for offer, names in told.items() if names} == offers & told.keys()
    assert all(network.get_submodule(name).kernel == EXPLICIT for name in parts.attentions)
    assert all(isinstance(network.get_submodule(name), nn.Linear) for name in parts.projections)
    assert all(network.get_submodule(name).aggregation in KERNELS for name in parts.aggregations)
    again = [name for names in parts.recomputed.values() for name in names]
    assert len(again) == len(set(again))
    for name in (*again, *parts.skippable):
        assert isinstance(network.get_submodule(name), nn.Module)


def test_the_parts_of_a_transformer_are_those_of_each_block():
    parts = plain("transformer").memory_parts()
    assert parts.attentions == ("blocks.0.attention", "blocks.1.attention")
    assert parts.recomputed["feed_forward"] == ("blocks.0.each_hour", "blocks.1.each_hour")
    assert set(parts.projections) == {f"{one}.{name}" for one in parts.attentions for name in ("qkv", "out")}
