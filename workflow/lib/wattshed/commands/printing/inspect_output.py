"""What ``wattshed inspect`` prints: what was seen, the block, and the panel."""

import numpy as np

from wattshed.data.findings.readings import find_readings
from wattshed.data.findings.warned import warnings_of
from wattshed.data.inspection.block_text import block_text
from wattshed.data.inspection.proposal import Proposal
from wattshed.data.panel import Panel
from wattshed.data.quality import assess_quality
from wattshed.data.splits import Segment

MOST_NAMES = 5


def print_proposal(proposal: Proposal) -> None:
    case = proposal.case
    more = f" and {len(case.paths) - 1} more" if len(case.paths) > 1 else ""
    print(f"{case.paths[0]}{more}")
    for finding in proposal.findings:
        sign = "!" if finding.warns else " "
        print(f"{sign} {finding.topic + ':':15} {' '.join(finding.says.split())}")
    print("\ndata:\n  source:")
    print(block_text(case.path, proposal.choices, "    "), end="")


def print_panel(panel: Panel) -> None:
    """One paragraph about the panel that was read."""
    local = panel.local_times
    step = "hours" if panel.step_minutes == 60 else f"steps of {panel.step_minutes} minutes"
    nodes = "node" if len(panel.node_names) == 1 else "nodes"
    print(
        f"\npanel:   {len(panel.node_names):,} {nodes} x {len(panel.times):,} {step} in {panel.unit}, "
        f"{panel.observed.mean():.2%} observed; {local[0]:%Y-%m-%d %H:%M} to {local[-1]:%Y-%m-%d %H:%M} in "
        f"{panel.timezone}"
    )
    for note in panel.notes:
        print(f"note:    {' '.join(note.split())}")
    for line in _warnings(panel):
        print(f"!        {line}")


def _warnings(panel: Panel) -> list[str]:
    """What of the readings needs a look, by node."""
    table = assess_quality(panel).set_index("node")
    named = np.array(panel.node_names)
    kinds = [
        ("observed in less than half of the span", named[(table["coverage_share"] < 0.5).to_numpy()]),
        (
            "spikes, 10 interquartile ranges outside the quartiles",
            named[(table["spike_count"] > 0).to_numpy()],
        ),
    ]
    found = [f"{_shown(nodes)}: {what}" for what, nodes in kinds if len(nodes)]
    readings = find_readings(panel, Segment("all", 0, len(panel.times)))
    return found + warnings_of(readings.assign(node=panel.node_names), panel.step_minutes)


def _shown(nodes: np.ndarray) -> str:
    names = ", ".join(str(name) for name in nodes[:MOST_NAMES])
    return names if len(nodes) <= MOST_NAMES else f"{len(nodes):,} nodes ({names}, ...)"
