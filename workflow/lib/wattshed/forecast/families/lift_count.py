"""What the layer before a network's steps computes: how a step's values become its channels, by formula.

Shapes: M (node, window) pairs or sequences, W hours that are read, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

from wattshed.law.operations.elementwise import ADD, MULTIPLY, elementwise, embedding, moved
from wattshed.law.operations.forward import BatchSizes
from wattshed.law.operations.operation import Kind, Operation

HOURS, DAYS = 24, 7


@dataclass(frozen=True)
class Lift:
    """The parts that a lift has.

    own, neighbours: channels of a node's own history and of its neighbours' aggregate; reads_steps: last steps of
    the look-back that are read, None for all.
    """

    channels: int
    own: bool = True
    neighbours: bool = False
    calendar: bool = False
    node_table: bool = False
    reads_steps: int | None = None

    def operations(self, sizes: BatchSizes) -> tuple[Operation, ...]:
        """Up to the sum of all parts [M, W, C], computed by torch; own and aggregate are gathered in any case."""
        hours = sizes.length_steps if self.reads_steps is None else self.reads_steps
        values = sizes.rows * hours * self.channels
        series = int(self.own) + int(self.neighbours)
        parts = series + 1 + int(self.calendar)
        found = [
            moved(2 * sizes.rows * sizes.length_steps, kind=Kind.HISTORIES, gradient=False),
            elementwise(values, MULTIPLY, calls=series),
            *self.additions(sizes),
            elementwise(values, ADD, inputs=2, calls=parts - 1),
        ]
        if self.calendar:
            found.append(moved(sizes.rows * sizes.length_steps * self.channels))
        return tuple(found)

    def additions(self, sizes: BatchSizes) -> tuple[Operation, ...]:
        """What is added to the series' channels, which torch computes for the kernels too."""
        values = sizes.rows * self.channels
        found = []
        if self.neighbours:
            found.append(elementwise(values, MULTIPLY))
        if self.node_table:
            found += [embedding(sizes.rows, self.channels, sizes.nodes), elementwise(values, ADD, inputs=2)]
        if self.calendar:
            found.append(elementwise(HOURS * DAYS * self.channels, ADD, inputs=2))
        return tuple(found)

    def parameters(self, nodes: int) -> int:
        """Trained weights."""
        rows = int(self.own) + 1 + int(self.neighbours)
        rows += (HOURS + DAYS) * int(self.calendar) + nodes * int(self.node_table)
        return rows * self.channels

    @property
    def tensors(self) -> int:
        """Trained tensors: of the series' channels, their bias, the calendar's two tables and the nodes'."""
        series = int(self.own) + 1 + int(self.neighbours)
        return series + 2 * int(self.calendar) + int(self.node_table)
