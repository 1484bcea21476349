"""Cross-modal fusion: regions attend to samples and samples to regions.

Shapes: B examples, K regions that pooling kept, L samples.
"""

import torch
from torch import Tensor, nn

from wattshed.forecast.networks.stan.attention import CrossAttention
from wattshed.forecast.networks.stan.norms import NormKind, mean_of_known, norm_of


class Fusion(nn.Module):
    """Both branches at one width, each with what it reads of the other, joined by two linear layers.

    single_key: the source's form, in which each branch is averaged to one vector before they attend to each other. A
    softmax over one key is 1, so that its attention is a linear map of that vector; its weights of queries and keys
    never learn.
    """

    def __init__(
        self,
        region_channels: int,
        sample_channels: int,
        width: int,
        *,
        heads: int,
        attention_dropout: float,
        dropout: float,
        norm: NormKind,
        single_key: bool,
    ) -> None:
        super().__init__()
        self.single_key = single_key
        self.of_regions = nn.Linear(region_channels, width)
        self.of_samples = nn.Linear(sample_channels, width)
        self.to_samples = CrossAttention(width, heads, attention_dropout)
        self.to_regions = CrossAttention(width, heads, attention_dropout)
        self.join = nn.Linear(4 * width, 2 * width)
        self.norm = norm_of(norm, 2 * width)
        self.narrow = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, regions: Tensor, samples: Tensor, known: Tensor | None) -> Tensor:
        """regions: [B, K, channels]; samples: [B, L, channels]; known: bool [B, L], None for all -> [B, width]."""
        if self.single_key:
            parts = self._of_means(regions.mean(dim=1), mean_of_known(samples, known))
        else:
            parts = self._of_tokens(regions, samples, known)
        joined = self.norm(self.dropout(torch.relu(self.join(torch.cat(parts, dim=-1)))))
        fused: Tensor = self.dropout(torch.relu(self.narrow(joined)))
        return fused

    def _of_means(self, regions: Tensor, samples: Tensor) -> list[Tensor]:
        """Four parts [B, width] from one vector of each branch."""
        region = self.of_regions(regions).unsqueeze(1)
        sample = self.of_samples(self.dropout(samples)).unsqueeze(1)
        crossed = (self.to_samples(region, sample, None), self.to_regions(sample, region, None))
        return [part.squeeze(1) for part in (region, sample, *crossed)]

    def _of_tokens(self, regions: Tensor, samples: Tensor, known: Tensor | None) -> list[Tensor]:
        """Four parts [B, width], the means over tokens that have attended to the other branch's tokens."""
        region, sample = self.of_regions(regions), self.of_samples(samples)
        read = self.to_samples(region, sample, known)
        seen = self.to_regions(sample, region, None)
        return [
            region.mean(dim=1),
            mean_of_known(sample, known),
            read.mean(dim=1),
            mean_of_known(seen, known),
        ]
