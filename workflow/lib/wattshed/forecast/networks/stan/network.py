"""The network of the family ``gnn_stan``. Shapes: B examples, L samples, R regions, C classes."""

import torch
from torch import Tensor, nn

from wattshed.forecast.examples import LabelledBatch
from wattshed.forecast.network import MemoryParts, Network, PrunableUnits
from wattshed.forecast.networks.removable.feed_forward_units import prunable_feed_forward
from wattshed.forecast.networks.stan.fusion import Fusion
from wattshed.forecast.networks.stan.graph import GraphBranch
from wattshed.forecast.networks.stan.norms import KnownBatchNorm, NormKind, norm_of
from wattshed.forecast.networks.stan.series import SeriesBlock, SeriesBranch
from wattshed.foundation.faults import Fault


class Classifier(nn.Module):
    """Two linear layers from the fused vector to the classes."""

    def __init__(self, width: int, classes: int, dropout: float, norm: NormKind) -> None:
        super().__init__()
        self.widen = nn.Linear(width, max(1, width // 2))
        self.norm = norm_of(norm, self.widen.out_features)
        self.narrow = nn.Linear(self.widen.out_features, classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor:
        """values: [B, width] -> logits [B, C]."""
        logits: Tensor = self.narrow(self.norm(self.dropout(torch.relu(self.widen(values)))))
        return logits


class GnnStan(Network):
    """A graph branch over connectivity, an attention branch over series, their fusion, and a classifier."""

    takes = "examples"

    def __init__(
        self, regions: int, graph: GraphBranch, series: SeriesBranch, fusion: Fusion, classifier: Classifier
    ) -> None:
        super().__init__()
        self.regions = regions
        self.graph = graph
        self.series = series
        self.fusion = fusion
        self.classifier = classifier
        # By name, because a method may replace a layer by one that is made of linear layers itself.
        self._linear = [name for name, layer in self.named_modules() if isinstance(layer, nn.Linear)]

    def forward(self, batch: LabelledBatch) -> Tensor:
        """Logits [B, 1, C]. Raises :class:`Fault` for series of another number of regions, and for a single example in
        training if statistics of the batch are taken over examples."""
        self._check(batch)
        regions = self.graph(batch.features, batch.connectivity)
        samples = self.series(batch.series, batch.known)
        fused = self.fusion(regions, samples, batch.known)
        logits: Tensor = self.classifier(fused).unsqueeze(1)
        return logits

    def _check(self, batch: LabelledBatch) -> None:
        found = batch.series.shape[-1]
        if found != self.regions:
            raise Fault(
                f"gnn_stan: the series have {found} regions and the network is made for {self.regions}; expected as "
                f"many: set the model's key regions to {found}."
            )
        if self.training and len(batch) == 1 and isinstance(self.classifier.norm, KnownBatchNorm):
            raise Fault(
                "gnn_stan: a batch of one example cannot be trained with batch norm, which needs the spread over "
                "examples; expected at least two: change the recipe's batch, or take norm layer."
            )

    def learn_sizes(self, batch: LabelledBatch) -> None:
        """The edges that pooling leaves."""
        self.graph.learn_left_shares(batch.features, batch.connectivity)

    def why_no_kernel(self) -> str:
        return "no kernel for gnn_stan"

    @property
    def blocks(self) -> nn.ModuleList:
        """Blocks of the attention branch."""
        return self.series.blocks

    def prunable_units(self) -> PrunableUnits | None:
        if any(not isinstance(block, SeriesBlock) for block in self.blocks):
            return None
        return prunable_feed_forward(self)

    def memory_parts(self) -> MemoryParts:
        blocks = [f"series.blocks.{number}" for number in range(len(self.blocks))]
        own = tuple(f"{block}.attention" for block in blocks)
        crossed = ("fusion.to_samples", "fusion.to_regions")
        layers = tuple(f"graph.attentions.{number}" for number in range(len(self.graph.attentions)))
        whole = all(isinstance(block, SeriesBlock) for block in self.blocks)
        recomputed = {"graph": layers, "recurrent": ("series.recurrent",), "attention": own + crossed}
        if whole:
            recomputed["feed_forward"] = tuple(f"{block}.each_hour" for block in blocks)
        return MemoryParts(
            attentions=own + crossed,
            projections=tuple(f"{one}.{name}" for one in own for name in ("qkv", "out"))
            + tuple(f"{one}.{name}" for one in crossed for name in ("query", "key_value", "out")),
            aggregations=(*layers, "graph.convolution"),
            recomputed=recomputed,
            skippable=tuple(blocks) if whole else (),
        )

    def linear_maps(self) -> dict[str, nn.Module]:
        """All linear layers; those of the recurrent layers are not among them."""
        return {name: self.get_submodule(name) for name in self._linear}
