"""Networks that read one vector per hour, as functions of plain tensors."""

from collections.abc import Callable

from torch import Tensor

from wattshed.forecast.network import TensorFunction
from wattshed.forecast.networks.lifted import Lifted
from wattshed.forecast.series import Pairs


class LiftedFunction(TensorFunction):
    """Forecasts of a :class:`Lifted` network; its inputs are those of the parts that the network has."""

    def __init__(self, network: Lifted) -> None:
        super().__init__()
        self.network = network
        needed = {
            "own": network.own is not None,
            "aggregate": network.neighbours is not None,
            "row_sum": network.neighbours is not None,
            "node": network.node_table is not None,
            "slot": network.hour_of_day is not None,
        }
        self.names = [name for name, needs in needed.items() if needs]

    def inputs(self, batch: Pairs) -> tuple[Tensor, ...]:
        every: dict[str, Callable[[], Tensor]] = {
            "own": lambda: batch.own,
            "aggregate": lambda: batch.aggregate,
            "row_sum": lambda: batch.row_sum,
            "node": lambda: batch.nodes,
            "slot": lambda: batch.slots.long(),
        }
        return tuple(every[name]().contiguous() for name in self.names)

    def forward(self, *inputs: Tensor) -> Tensor:
        given = dict(zip(self.names, inputs, strict=True))
        network = self.network
        own, aggregate = given.get("own"), given.get("aggregate")
        if network.neighbours is not None:
            base = given["row_sum"].unsqueeze(1) * network.neighbours.bias
        else:
            assert network.own is not None
            base = network.own.bias.unsqueeze(0)
        if network.node_table is not None:
            base = base + network.node_table[given["node"]]
        calendar = network.calendar()
        season = None if calendar is None else calendar[given["slot"]]
        # Channels ignore a series that the network does not have.
        known = own if own is not None else aggregate
        assert known is not None
        channels = network.channels_of(
            known if own is None else own, known if aggregate is None else aggregate, base, season
        )
        return network.read(channels)
