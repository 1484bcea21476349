"""Gates of LSTM and GRU layers. Shapes: B rows, T hours, I inputs, H units; G gates: 4 of an LSTM, 3 of a GRU.

LSTM: the source's formulas (Mayaki, "power laws"), (8 B H^2 + 8 B I H + 9 B H) T in all. The source has no formula for
a GRU: 6 B H^2 and 6 B I H per hour, and its operations by value, are our derivation.
"""

from typing import Literal

from wattshed.law.operations.elementwise import DROPOUT, elementwise, moved
from wattshed.law.operations.operation import Kind, Operation, expect_sizes
from wattshed.law.operations.products import VALUE_BYTES, product

Cell = Literal["lstm", "gru"]
GATES: dict[Cell, int] = {"lstm": 4, "gru": 3}
INPUT_GATES: dict[Cell, Kind] = {"lstm": Kind.LSTM_INPUT_GATES, "gru": Kind.GRU_INPUT_GATES}
HIDDEN_GATES: dict[Cell, Kind] = {"lstm": Kind.LSTM_HIDDEN_GATES, "gru": Kind.GRU_HIDDEN_GATES}
ELEMENTWISE: dict[Cell, Kind] = {"lstm": Kind.LSTM_ELEMENTWISE, "gru": Kind.GRU_ELEMENTWISE}
# Per unit and hour, forward and backward. LSTM: activations 4, cell 3, hidden state 2. GRU: activations 3, reset and
# candidate 2, update 4. Backward: the slopes of all gates, and the carried state.
FLOPS: dict[Cell, tuple[int, int]] = {"lstm": (9, 21), "gru": (9, 16)}
# Arrays of B H values that an hour reads and writes: gates from input and state, old and new states.
ARRAYS: dict[Cell, int] = {"lstm": 11, "gru": 8}


def input_gates(
    cell: Cell, batch: int, hours: int, inputs: int, units: int, *, input_gradient: bool = True
) -> Operation:
    """All gates' products with the inputs of all hours: 2 G B I H T FLOPs.

    input_gradient: whether the inputs need a gradient, which data do not.
    """
    kind = INPUT_GATES[known_cell(cell)]
    expect_sizes(str(kind), batch=batch, hours=hours, inputs=inputs, units=units)
    return product(kind, batch * hours, inputs, GATES[cell] * units, gradients=1 + int(input_gradient))


def hidden_gates(cell: Cell, batch: int, hours: int, units: int) -> Operation:
    """All gates' products with the states, hour after hour: 2 G B H^2 T FLOPs.

    The first state is zero and not learned: its product is computed, but it needs no gradient.
    """
    kind = HIDDEN_GATES[known_cell(cell)]
    expect_sizes(str(kind), batch=batch, hours=hours, units=units)
    return product(
        kind, batch, units, GATES[cell] * units, products=hours, dependent_steps=hours, fewer_backward=1
    )


def gate_elements(cell: Cell, batch: int, hours: int, units: int) -> Operation:
    """Activations and states, hour after hour: 9 B H T FLOPs."""
    kind = ELEMENTWISE[known_cell(cell)]
    expect_sizes(str(kind), batch=batch, hours=hours, units=units)
    values = batch * hours * units
    forward, backward = FLOPS[cell]
    return Operation(
        kind,
        forward * values,
        VALUE_BYTES * ARRAYS[cell] * values,
        dependent_steps=hours,
        rows=batch,
        inner=1,
        columns=units,
        products=hours,
        backward_flops=backward * values,
        backward_bytes=VALUE_BYTES * 2 * ARRAYS[cell] * values,
    )


def recurrence(
    cell: Cell,
    batch: int,
    hours: int,
    inputs: int,
    units: int,
    layers: int = 1,
    *,
    dropout: bool = False,
    input_gradient: bool = True,
) -> tuple[Operation, ...]:
    """``layers`` layers of an LSTM or a GRU, each on the states of the one before, with its states put together.

    dropout: of the states between the layers; input_gradient: whether the first layer's inputs need a gradient.
    """
    expect_sizes("the recurrence", layers=layers)
    found = []
    for layer in range(layers):
        reads = units if layer else inputs
        if layer and dropout:
            found.append(elementwise(batch * hours * units, DROPOUT))
        found += [
            input_gates(cell, batch, hours, reads, units, input_gradient=bool(layer) or input_gradient),
            hidden_gates(cell, batch, hours, units),
            gate_elements(cell, batch, hours, units),
            moved(batch * hours * units),
        ]
    return tuple(found)


def recurrence_parameters(cell: Cell, inputs: int, units: int, layers: int = 1) -> int:
    """Weights of so many layers, with the two biases per gate that torch has."""
    gates = GATES[known_cell(cell)]
    return sum(gates * units * ((units if layer else inputs) + units + 2) for layer in range(layers))


# Two weights and two biases of each layer.
LAYER_TENSORS = 4


def known_cell(cell: str) -> Cell:
    """Raises ValueError for a cell that is neither ``lstm`` nor ``gru``."""
    for known in GATES:
        if cell == known:
            return known
    raise ValueError(f"the recurrence: {cell!r} is unknown; expected lstm or gru; correct the cell")
