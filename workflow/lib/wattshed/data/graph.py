"""The graph over the nodes: K nearest neighbours, symmetric, normalised, sparse throughout."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from wattshed.config.data.graph import GraphBlock
from wattshed.data.panel import Panel
from wattshed.data.similarity import Similarity, load_shape_similarity, metadata_similarity
from wattshed.data.splits import Segment
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors

METADATA_COLUMNS = ("province", "municipality", "contracted_tariff", "p1")
ROWS_PER_BLOCK = 256


@dataclass(frozen=True)
class Graph:
    """Normalised adjacency with self loops, CSR [N, N], in the panel's node order."""

    adjacency: sp.csr_array
    node_names: list[str]
    method: str

    def write(self, path: Path | str) -> None:
        tensors: dict[str, np.ndarray] = {
            "indptr": self.adjacency.indptr.astype(np.int64),
            "indices": self.adjacency.indices.astype(np.int64),
            "weights": self.adjacency.data.astype(np.float32),
        }
        write_tensors(path, tensors, {"node_names": self.node_names, "method": self.method}, kind="graph")

    @classmethod
    def read(cls, path: Path | str, panel: Panel) -> "Graph":
        """Read a graph that must have exactly the panel's nodes in the panel's order.

        Raises :class:`Fault` for other nodes and for a damaged, altered or foreign file.
        """
        tensors, about = read_tensors(path, kind="graph", keys=("node_names", "method"))
        if about["node_names"] != panel.node_names:
            raise Fault(
                f"{path} lists other nodes, or another order, than the panel: expected the same list; "
                "delete it and run snakemake again."
            )
        count = len(panel.node_names)
        adjacency = sp.csr_array(
            (tensors["weights"], tensors["indices"], tensors["indptr"]), shape=(count, count)
        )
        return cls(adjacency, about["node_names"], about["method"])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the nodes and the weighted edges: a checkpoint knows its graph by it."""
        digest = hashlib.sha256(json.dumps(self.node_names).encode())
        for array in (self.adjacency.indptr, self.adjacency.indices, self.adjacency.data):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def shuffled(self, seed: int) -> "Graph":
        """The same graph with its nodes renamed at random: the control for the graph's use."""
        order = np.random.default_rng(seed).permutation(len(self.node_names))
        return Graph(self.adjacency[order][:, order].tocsr(), self.node_names, f"{self.method}, shuffled")

    def cleaned(self, minimum_weight: float) -> "Graph":
        """The same graph without its edges of a smaller weight, normalised again.

        Weights are those before the normalisation, as in :func:`normalise`: its self loops of weight 1 tell each
        node's scale. Raises :class:`Fault` if the graph has edges and none of them is left.
        """
        if minimum_weight == 0:
            return self
        entries = self.adjacency.tocoo()
        scale = np.sqrt(self.adjacency.diagonal().astype(np.float64))
        apart = entries.row != entries.col
        row, column = entries.row[apart], entries.col[apart]
        weights = entries.data[apart].astype(np.float64) / (scale[row] * scale[column])
        # Weights were kept in float32: one that equals the bound must not fall below it by a rounding.
        kept = weights >= minimum_weight * (1 - 1e-5)
        _refuse_no_edges("minimum_edge_weight", minimum_weight, weights, kept)
        # Both directions are there already, and normalise adds them up.
        upper = kept & (row < column)
        directed = sp.coo_array((weights[upper], (row[upper], column[upper])), shape=self.adjacency.shape)
        method = f"{self.method}, weights from {minimum_weight:g}"
        return Graph(normalise(directed.tocsr()), self.node_names, method)

    def degrees(self) -> np.ndarray:
        """Neighbours of each node without itself [N]."""
        return np.diff(self.adjacency.indptr) - 1


def build_graph(panel: Panel, train: Segment, block: GraphBlock, edges: pd.DataFrame | None) -> Graph:
    """Build the study's graph (metadata), a load-shape graph, or the source's own (edges).

    Classes have no neighbours: their graph holds the self loops alone.
    edges: columns ``source, target, weight`` with the panel's node names, or None.
    """
    method = block.method
    if panel.windows is not None:
        count = len(panel.node_names)
        return Graph(normalise(sp.csr_array((count, count))), panel.node_names, "classes without edges")
    if method == "auto":
        has_metadata = set(METADATA_COLUMNS) <= set(panel.nodes.columns)
        method = "edges" if edges is not None else "metadata" if has_metadata else "load_shape"
    if method == "edges":
        if edges is None:
            raise Fault(
                "graph.method is 'edges', but the source has no edge list: give data.source.edge_list or "
                "another method."
            )
        directed = _from_edges(edges, panel.node_names)
    elif method == "metadata":
        directed = nearest_neighbours(metadata_similarity(panel.nodes, block), block.neighbours, block.seed)
    else:
        similarity = load_shape_similarity(panel, train)
        directed = nearest_neighbours(similarity, block.neighbours, block.seed)
    adjacency = normalise(directed, block.minimum_weight)
    if block.minimum_weight > 0 and adjacency.nnz == directed.shape[0]:
        weights = (directed + directed.T).tocoo().data.clip(0, 1)
        _refuse_no_edges(
            "graph.minimum_weight", block.minimum_weight, weights, weights >= block.minimum_weight
        )
    return Graph(adjacency, panel.node_names, method)


def _refuse_no_edges(key: str, minimum_weight: float, weights: np.ndarray, kept: np.ndarray) -> None:
    """Raises :class:`Fault` if there are edges and none of them is kept; weights: of the edges."""
    if len(weights) and not kept.any():
        raise Fault(
            f"{key} is {minimum_weight:g}, which drops all edges of the graph: its largest weight is "
            f"{weights.max():.4g}; expected at most that."
        )


def nearest_neighbours(similarity: Similarity, neighbours: int, seed: int) -> sp.csr_array:
    """Directed K-nearest-neighbour graph, weighted by similarity; ties are broken by a seeded hash.

    Works through blocks of rows: N x N similarities never exist at once. Without the hash, identical nodes
    would all choose the same K (seen: 188 of 200 nodes with no incoming edge).
    """
    count = similarity.count
    kept = min(neighbours, count - 1)
    if kept == 0:
        # A panel of one node: it has no neighbours.
        return sp.csr_array((count, count), dtype=np.float64)
    columns = np.empty((count, kept), dtype=np.int64)
    weights = np.empty((count, kept), dtype=np.float64)
    for start in range(0, count, ROWS_PER_BLOCK):
        rows = np.arange(start, min(start + ROWS_PER_BLOCK, count))
        values = similarity.rows(rows)
        # Similarities that differ only by floating-point noise are rounded to equal values; the hash then
        # decides.
        ranked = np.round(values, 6) + 1e-7 * _pair_hash(rows, count, seed)
        ranked[np.arange(len(rows)), rows] = -np.inf
        best = np.argpartition(-ranked, kept - 1, axis=1)[:, :kept]
        columns[rows] = best
        weights[rows] = np.take_along_axis(values, best, axis=1)
    indptr = np.arange(0, count * kept + 1, kept)
    return sp.csr_array((np.clip(weights, 0, 1).ravel(), columns.ravel(), indptr), shape=(count, count))


def _pair_hash(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Uniform numbers in [0, 1) that depend on the pair and the seed only (splitmix64) [rows, N]."""
    with np.errstate(over="ignore"):
        mixed = (
            rows.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
            + np.arange(count, dtype=np.uint64)[None, :] * np.uint64(0xC2B2AE3D27D4EB4F)
            + np.uint64(seed) * np.uint64(0x165667B19E3779F9)
        )
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normalise(directed: sp.csr_array, minimum_weight: float = 0.0) -> sp.csr_array:
    """D^-1/2 (clip(A + A^T, 0, 1) + I) D^-1/2 [N, N], float32 (Kipf and Welling 2017).

    Entries of A that occur more than once are added up. Edges whose clipped weight is below ``minimum_weight`` are
    dropped, which makes aggregates cheaper. A self loop of A keeps its clipped weight instead of 1.

    The same bytes as torch-geometric's ``to_undirected`` and ``gcn_norm`` give (a test compares them), without the
    seconds that importing torch and torch-geometric takes.
    """
    count = directed.shape[0]
    entries = directed.tocoo()
    weights = entries.data.astype(np.float64)
    row, column = (
        np.concatenate(pair).astype(np.int64)
        for pair in ((entries.row, entries.col), (entries.col, entries.row))
    )
    places, place = np.unique(row * count + column, return_inverse=True)
    symmetric = np.bincount(place, np.concatenate([weights, weights]), minlength=len(places)).clip(0, 1)
    kept = symmetric >= minimum_weight
    row, column, symmetric = places[kept] // count, places[kept] % count, symmetric[kept]
    loops, apart = np.ones(count), row != column
    loops[row[~apart]] = symmetric[~apart]
    every_node = np.arange(count)
    row, column = np.concatenate([row[apart], every_node]), np.concatenate([column[apart], every_node])
    weights = np.concatenate([symmetric[apart], loops])
    degree = np.bincount(column, weights, minlength=count)
    with np.errstate(divide="ignore"):
        scale = np.where(degree > 0, 1 / np.sqrt(degree), 0.0)
    matrix = sp.coo_array((scale[row] * weights * scale[column], (row, column)), shape=(count, count)).tocsr()
    matrix.sort_indices()
    return matrix.astype(np.float32)


def _from_edges(edges: pd.DataFrame, node_names: list[str]) -> sp.csr_array:
    position = {name: index for index, name in enumerate(node_names)}
    row = edges["source"].map(position).to_numpy(dtype=np.int64)
    column = edges["target"].map(position).to_numpy(dtype=np.int64)
    apart = row != column
    weight = edges["weight"].to_numpy(dtype=np.float64)
    count = len(node_names)
    return sp.coo_array((weight[apart], (row[apart], column[apart])), shape=(count, count)).tocsr()
