"""FLOPs of matrix products among operations, which are what torch's FlopCounterMode counts."""

from collections.abc import Iterable

from wattshed.law.operations.operation import Direction, Kind, Operation

PRODUCTS = {
    *(Kind.QKV, Kind.SCORES, Kind.ATTENTION_OUTPUT, Kind.OUTPUT_PROJECTION, Kind.FEED_FORWARD),
    *(Kind.LSTM_INPUT_GATES, Kind.LSTM_HIDDEN_GATES, Kind.GRU_INPUT_GATES, Kind.GRU_HIDDEN_GATES),
    *(Kind.LINEAR, Kind.CONVOLUTION, Kind.GRAPH_AGGREGATION),
}


def product_flops(operations: Iterable[Operation], direction: Direction) -> float:
    return sum(one.step_flops for one in operations if one.kind in PRODUCTS and one.direction == direction)


def both_flops(operations: Iterable[Operation]) -> tuple[float, float]:
    """Of the forward and of the backward pass, from forward operations."""
    found = [one for one in operations if one.kind in PRODUCTS]
    assert all(one.direction == Direction.FORWARD for one in found)
    return sum(one.step_flops for one in found), sum(one.backward_flops * one.calls for one in found)
