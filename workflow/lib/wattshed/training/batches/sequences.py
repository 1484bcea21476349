"""Dense supervision: long sequences with a loss at every hour, so that a state may be carried on for ever."""

from collections.abc import Iterator

import numpy as np
import torch

from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.training.batches.drawing import Batch


class SequenceBatches:
    """Random (node, first hour) sequences of a part of the panel."""

    def __init__(
        self,
        series: ScaledSeries,
        observed: np.ndarray,
        origins: np.ndarray,
        horizon_h: int,
        seed: int,
        batch: int,
        sequence_h: int,
        burn_in_h: int,
        steps: int | None = None,
    ) -> None:
        """origins: [B] consecutive first target hours that may be learned from; steps: None for one pass.

        A sequence of ``sequence_h`` hours is forecast from after each hour but the first ``burn_in_h``.
        """
        self._series = series
        self._observed = torch.from_numpy(np.ascontiguousarray(observed.T)).to(series.own.device)
        self._horizon_h = horizon_h
        self._seed = seed
        self._batch = batch
        self._sequence_h = sequence_h
        self._burn_in_h = burn_in_h
        # The first forecast of a sequence stands at start + burn_in_h + 1, its last at start + sequence_h.
        self._first = max(0, int(origins[0]) - burn_in_h - 1)
        self._starts = int(origins[-1]) - sequence_h - self._first + 1
        losses = sequence_h - burn_in_h
        self._steps = steps or -(-len(origins) * len(series.own) // (batch * losses))

    def steps(self) -> int:
        return self._steps

    def epoch(self, number: int) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + number)
        for _ in range(self._steps):
            nodes = torch.randint(len(self._series.own), (self._batch,), generator=generator)
            starts = self._first + torch.randint(self._starts, (self._batch,), generator=generator)
            sequences = Sequences(self._series, nodes, starts, self._sequence_h, self._burn_in_h)
            pairs = sequences.pairs
            residence = self._series.residence
            shape = (self._batch, -1, self._horizon_h)
            target = pairs.targets(self._horizon_h)
            observed = residence.gather(self._observed, pairs.nodes, pairs.origins, self._horizon_h)
            yield Batch(
                (sequences,),
                target.reshape(shape),
                observed.reshape(shape),
                len(pairs),
                pairs.nodes,
                pairs.origins,
            )
