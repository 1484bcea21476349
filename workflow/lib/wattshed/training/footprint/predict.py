"""The memory of a training step, and of a look at the validation part, predicted without computing either."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)

from wattshed.engine.choice import choose
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.forecast.families.family import make_network
from wattshed.foundation.faults import Fault
from wattshed.memory.accounting.live_bytes import ACTIVATIONS, GRADIENTS, LiveBytes, Point
from wattshed.memory.accounting.saved_bytes import SavedBytes
from wattshed.training.footprint.look import look_once
from wattshed.training.footprint.sized_data import (
    sized_adjacency,
    sized_batches,
    sized_series,
    tensors_of,
    tensors_of_series,
    without_values,
)
from wattshed.training.footprint.sized_kernels import SizedKernel, SizedResults, sized_operations
from wattshed.training.step.learner import Learner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattshed.forecast.network import Network
    from wattshed.forecast.series import ScaledSeries
    from wattshed.memory.plan import MemoryPlan
    from wattshed.training.batches.drawing import Batch
    from wattshed.training.footprint.sizes import TaskSizes
    from wattshed.training.spec import ModelSpec

VALIDATION = "validation"
# Enough steps for a schedule; a prediction takes one.
STEPS = 1000
KINDS = ("weights", GRADIENTS, "optimiser", "kept", "batch", "series", ACTIVATIONS)


@dataclass(frozen=True)
class Footprint:
    """Bytes of a training. peak_bytes: the most alive at once, of all tensors on the device; step_peak_bytes,
    look_peak_bytes: of a gradient step and of a look at the validation part, of which the larger is the peak.
    before_bytes: what a step finds: weights, optimiser, kept weights, batch and series.

    At the peak: weights_bytes (with buffers), gradients_bytes, optimiser_bytes, kept_bytes (averaged and best weights),
    batch_bytes, series_bytes (the panel on the device), and the rest, activations_bytes. saved_bytes: the most that
    autograd holds at once for the backward pass, without weights. host_bytes: the most that mechanisms hold outside of
    the device. phase_of_peak: forward, backward, update or validation. timeline: of the step.
    """

    peak_bytes: int
    step_peak_bytes: int
    look_peak_bytes: int
    before_bytes: int
    weights_bytes: int
    gradients_bytes: int
    optimiser_bytes: int
    kept_bytes: int
    batch_bytes: int
    series_bytes: int
    activations_bytes: int
    saved_bytes: int
    host_bytes: int
    phase_of_peak: str
    operation_of_peak: str
    engine: str
    timeline: list[Point] = field(default_factory=list, repr=False, compare=False)

    @property
    def resident_bytes(self) -> int:
        """What is there beside activations at the peak."""
        return self.peak_bytes - self.activations_bytes

    def to_json(self) -> dict[str, Any]:
        """All fields but the timeline."""
        found = {name: value for name, value in asdict(self).items() if name != "timeline"}
        return {**found, "resident_bytes": self.resident_bytes}


def predict_footprint(spec: ModelSpec, sizes: TaskSizes, plan: MemoryPlan) -> Footprint:
    """What one training of the spec needs under a memory plan; ``Learner.step`` runs on tensors without values.

    Nothing is computed, and only the weights take memory, for a moment; with ``sizes.batch``, what the network computes
    to note sizes that depend on data. Not in it: what :class:`LiveBytes` does not
    see, arrays of NumPy, and the process itself. Raises :class:`Fault` for a model without gradient steps, and for a
    network whose shapes depend on values.
    """
    device = torch.device("cuda" if sizes.device == "cuda" and torch.cuda.is_available() else "cpu")
    network = make_network(spec.model, spec.windows, sized_adjacency(*_graph(sizes)), spec.seed)
    if next(network.parameters(), None) is None:
        raise Fault(
            f"{spec.name} is solved in closed form and takes no gradient steps: expected a model that is trained in "
            "steps; leave it out of predictions of memory."
        )
    network = plan.applied(network, spec.seed)
    if sizes.batch is not None:
        network.learn_sizes(sizes.batch)
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    # With its values: new layers of a mechanism read those that they replace, and move their own to where these are.
    network = without_values(network, mode, device)
    with mode:
        kernel = _kernel(network, spec, sizes, plan)
        series = sized_series(sizes, spec.windows, device, kernel)
    batches, masks = sized_batches(spec.recipe, spec.windows, sizes, series, network)
    try:
        with ExitStack() as stack:
            for one in (mode, SizedResults(scalars=kernel is not None), sized_operations()):
                stack.enter_context(one)
            return _predicted(spec, sizes, plan, network, series, batches, masks)
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        raise Fault(
            f"the memory of {spec.name} cannot be predicted, because a shape in its network depends on values "
            f"({error}): expected shapes that follow from sizes alone; measure it instead."
        ) from error


def _graph(sizes: TaskSizes) -> tuple[int, int, int]:
    return sizes.nodes, sizes.nodes, max(sizes.edges, 1)


def _kernel(network: Network, spec: ModelSpec, sizes: TaskSizes, plan: MemoryPlan) -> FusedCpu | None:
    """The fused kernel's allocations, where it computes this training on a processor; None where torch does."""
    weights = network.kernel_weights()
    if weights is None or sizes.device != "cpu" or spec.recipe.sampling != "pairs":
        return None
    if plan.needs_torch is not None or spec.recipe.precision != "fp32":
        return None
    chosen = choose(sizes.engine, "cpu", weights.hidden, False, weights.lift)
    return SizedKernel(chosen.kernel) if isinstance(chosen.kernel, FusedCpu) else None


def _predicted(
    spec: ModelSpec,
    sizes: TaskSizes,
    plan: MemoryPlan,
    network: Network,
    series: ScaledSeries,
    batches: list[Batch],
    masks: Sequence[Tensor],
) -> Footprint:
    device = series.device
    network.train()
    given = [tensor for batch in batches for tensor in tensors_of(batch)]
    resident = {
        "weights": [*network.parameters(), *network.buffers()],
        "batch": given,
        "series": [*tensors_of_series(series), *masks],
    }
    live = LiveBytes(resident, device)
    # Before the optimiser, whose own hooks may free a gradient at once.
    live.watch_gradients(network)
    with warnings.catch_warnings():
        # Copies of weights ask for their address; a tensor without values has none.
        warnings.filterwarnings("ignore", message="Accessing the data pointer of FakeTensor")
        learner = Learner.make(network, spec.recipe, STEPS, device, plan)
    prime(learner)
    resident["optimiser"] = [
        value
        for state in learner.optimiser.state.values()
        for value in state.values()
        if isinstance(value, Tensor)
    ]
    judged = learner.average.network
    averaged = [] if judged is network else list(judged.parameters())
    # The best weights so far are a copy.
    best = [value.clone() for value in judged.state_dict().values() if value.layout == torch.strided]
    resident["kept"] = [*averaged, *best]
    for kind in ("optimiser", "kept"):
        live.add_resident(kind, resident[kind])
    before = live.now
    with live, SavedBytes(network, given) as saved:
        learner.step(batches, 0)
    point, step_shares = live.point_of_peak, live.at_peak()
    del resident["batch"], given
    batches.clear()
    resident[GRADIENTS] = [weight.grad for weight in network.parameters() if weight.grad is not None]
    with LiveBytes(resident, device) as look:
        look_once(judged, series, spec, sizes)
    looked = look.point_of_peak
    step_is_more = live.peak >= look.peak
    shares = step_shares if step_is_more else look.at_peak()
    return Footprint(
        peak_bytes=max(live.peak, look.peak),
        step_peak_bytes=live.peak,
        look_peak_bytes=look.peak,
        before_bytes=before,
        **{f"{kind}_bytes": shares.get(kind, 0) for kind in KINDS},
        saved_bytes=saved.bytes,
        host_bytes=max(live.host_peak, look.host_peak),
        phase_of_peak=VALIDATION if not step_is_more else point.phase if point else "forward",
        operation_of_peak=(found.name if (found := point if step_is_more else looked) else ""),
        engine="torch" if series.kernel is None else "fused_cpu",
        timeline=live.timeline,
    )


def prime(learner: Learner) -> None:
    """Make the optimiser's state, as it is after the first step."""
    weights = [weight for weight in learner.network.parameters() if weight.requires_grad]
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    learner.optimiser.step()
    learner.optimiser.zero_grad(set_to_none=True)
