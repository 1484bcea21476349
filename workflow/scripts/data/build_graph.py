"""Build the graph over the panel's nodes."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.config.data.graph import GraphBlock
from wattshed.data.cleaning.edges import edges_of
from wattshed.data.graph import build_graph
from wattshed.data.panel import Panel
from wattshed.data.splits import Splits
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--graph", required=True, help="graph block as JSON")
    parser.add_argument("--edges", type=Path, help="edge list of the source, if it has one")
    parser.add_argument("--output", type=Path, required=True, help="graph.safetensors to write")
    arguments = parser.parse_args(argv)
    panel = Panel.read(arguments.panel)
    edges = edges_of(panel, arguments.edges) if arguments.edges else None
    block = GraphBlock.model_validate_json(arguments.graph)
    build_graph(panel, Splits.read(arguments.splits, panel).train, block, edges).write(arguments.output)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
