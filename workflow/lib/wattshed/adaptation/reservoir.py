"""A reservoir of examples: a uniform sample of all examples so far."""

import torch
from torch import Tensor

from wattshed.training.batches.drawing import Examples, Sampler


class Reservoir:
    """Reservoir sampling (Vitter 1985), filled part by part. Holds pairs, windows or sequences.

    origins: int64 [B], first target steps of the first part.
    """

    def __init__(self, size: int, sampler: Sampler, origins: Tensor, generator: torch.Generator) -> None:
        self._sampler = sampler
        self._generator = generator
        self.examples = sampler.draw(size, origins, generator)
        self._seen = sampler.pairs(origins)

    def add(self, origins: Tensor) -> Tensor:
        """Add a part: each slot is replaced with a probability equal to the part's share of all pairs seen.

        Returns which slots were replaced, bool [size].
        """
        new = self._sampler.pairs(origins)
        self._seen += new
        replaced = torch.rand(len(self.examples), generator=self._generator) < new / self._seen
        drawn = self._sampler.draw(int(replaced.sum()), origins, self._generator)
        self.examples = self.examples.with_replaced(replaced, drawn)
        return replaced

    def pick(self, count: int) -> Tensor:
        """Random slots [count], with replacement."""
        return torch.randint(len(self.examples), (count,), generator=self._generator)

    def sample(self, count: int) -> Examples:
        """Random remembered examples [count], with replacement."""
        return self.examples[self.pick(count)]
