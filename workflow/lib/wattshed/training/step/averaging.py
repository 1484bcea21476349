"""The moving average of a network's weights."""

import copy

from torch.optim.swa_utils import get_ema_multi_avg_fn

from wattshed.forecast.network import Network


class WeightAverage:
    """Exponential moving average of a network's weights; with a decay of 0 it is the network itself.

    After t updates it is (1 - d) sum_i d^(t-i) w_i / (1 - d^t): the bias correction of Adam (Kingma and Ba 2015).
    Zeros and the random first weights do not influence it, even after a single update.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.updates = 0
        self._live = network
        self._decay = decay
        # Buffers are the task's graph: shared, not copied (torch cannot copy a CSR tensor either).
        shared = {id(buffer): buffer for buffer in network.buffers()}
        self.network = copy.deepcopy(network, shared) if decay else network

    def update(self) -> None:
        """Call this after every step of the optimiser."""
        if not self._decay:
            return
        self.updates += 1
        share = (1 - self._decay) / (1 - self._decay**self.updates)
        averaged, live = list(self.network.parameters()), [p.detach() for p in self._live.parameters()]
        get_ema_multi_avg_fn(1 - share)([parameter.detach() for parameter in averaged], live, self.updates)
