"""Fits in closed form: the linear part of recurrent networks, and the partially pooled ridge regression.

Shapes: N nodes, F features, H horizon, R rows: (node, window) pairs whose whole horizon was observed.
"""

from dataclasses import asdict, dataclass

from wattshed.law.operations.operation import Kind, Operation, expect_sizes
from wattshed.law.operations.products import VALUE_BYTES

# Of the linear part; tests hold them equal to forecast/networks/linear_part.py.
LINEAR_PENALTIES, MOST_PAIRS, VALIDATION_PAIRS = 4, 200_000, 10_000
# Of the pooled regression: penalties of the shared weights (equal to forecast/pooled/choice.py), and pairs of the other
# two that the search tries. The data decide where it ends: the start and its four neighbours are the fewest, which was
# enough for the panel of homes; made-up panels took 15 to 45.
SHARED_PENALTIES, TRIED_PAIRS = 5, 5
DOUBLE_BYTES = 8


@dataclass(frozen=True)
class FitSizes:
    """Sizes that decide what a fit in closed form costs, known before it runs.

    train_windows, validation_windows: of each node; gaps make rows fewer than nodes times windows.
    """

    nodes: int
    train_windows: int
    validation_windows: int
    look_back_steps: int
    horizon_steps: int
    steps_per_hour: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError for a size below 1."""
        expect_sizes("the fit", **asdict(self))


def gram(
    rows: int, features: int, outputs: int, *, half: bool = False, calls: int = 1
) -> tuple[Operation, ...]:
    """The sums X'X [F, F] and X'Y [F, outputs] over ``rows`` rows. half: one triangle of X'X is computed."""
    expect_sizes("the sums of a fit", rows=rows, features=features, outputs=outputs, calls=calls)
    square = rows * features * (features + 1) if half else 2 * rows * features**2
    return (
        _closed_form(square, VALUE_BYTES * (rows * features + features**2), calls),
        _closed_form(
            2 * rows * features * outputs,
            VALUE_BYTES * (rows * (features + outputs) + features * outputs),
            calls,
        ),
    )


def solved(features: int, outputs: int, *, calls: int = 1) -> Operation:
    """A system [F, F] with ``outputs`` right sides by LU decomposition: 2/3 F^3 + 2 F^2 outputs FLOPs, in float64."""
    expect_sizes("the solution of a fit", features=features, outputs=outputs, calls=calls)
    flops = 2 * features**3 / 3 + 2 * features**2 * outputs
    return _closed_form(flops, DOUBLE_BYTES * (features**2 + 2 * features * outputs), calls)


def inverse(features: int, *, calls: int = 1) -> Operation:
    """The inverse of a symmetric matrix [F, F] by Cholesky's decomposition: F^3 FLOPs, in float64."""
    expect_sizes("the inverse of a fit", features=features, calls=calls)
    return _closed_form(features**3, DOUBLE_BYTES * 2 * features**2, calls)


def weighted(features: int, outputs: int, *, calls: int = 1) -> Operation:
    """A product [F, F] x [F, outputs]: 2 F^2 outputs FLOPs, in float64."""
    expect_sizes("the products of a fit", features=features, outputs=outputs, calls=calls)
    return _closed_form(
        2 * features**2 * outputs, DOUBLE_BYTES * (features**2 + 2 * features * outputs), calls
    )


def linear_part_fit(features: int, sizes: FitSizes) -> tuple[Operation, ...]:
    """The linear part of a network: sums over at most 200,000 pairs, a solution and a look for each penalty."""
    rows = min(sizes.nodes * sizes.train_windows, MOST_PAIRS)
    judged = min(sizes.nodes * sizes.validation_windows, VALIDATION_PAIRS)
    outputs = sizes.horizon_steps
    return (
        _gathered(rows * (features + outputs)),
        *gram(rows, features, outputs),
        solved(features, outputs, calls=LINEAR_PENALTIES),
        _gathered(judged * (features + outputs), LINEAR_PENALTIES),
        _closed_form(
            2 * judged * features * outputs,
            VALUE_BYTES * judged * (features + outputs),
            LINEAR_PENALTIES,
        ),
    )


def pooled_fit(features: int, sizes: FitSizes, tried: int = TRIED_PAIRS) -> tuple[Operation, ...]:
    """The pooled ridge regression: every node's sums, then every node's inverse for each tried pair of penalties, and
    every node's weights and errors for each penalty of the shared weights.

    tried: pairs of penalties that the search tries. It depends on the data; the default is the fewest, and then
    the count is the least that a fit computes.
    """
    expect_sizes("the fit", features=features, tried=tried)
    nodes, outputs = sizes.nodes, sizes.horizon_steps
    judged = tried * SHARED_PENALTIES
    windows = sizes.train_windows + sizes.validation_windows
    return (
        _gathered(windows * (features + outputs), nodes),
        *gram(sizes.train_windows, features, outputs, half=True, calls=nodes),
        *gram(sizes.validation_windows, features, outputs, half=True, calls=nodes),
        # Once more with the penalties that were chosen.
        inverse(features, calls=nodes * (tried + 1)),
        # The sum of inverses, and each inverse times a node's moments.
        weighted(features, 1, calls=nodes * (tried + 1)),
        weighted(features, outputs, calls=nodes * (tried + 1)),
        solved(features, outputs, calls=judged + 1),
        # Weights, and of each penalty the errors.
        weighted(features, outputs, calls=nodes * (2 * judged + 1)),
    )


def _closed_form(flops: float, bytes_moved: float, calls: int = 1) -> Operation:
    return Operation(Kind.CLOSED_FORM, flops, bytes_moved, calls=calls)


def _gathered(values: int, calls: int = 1) -> Operation:
    return Operation(Kind.HISTORIES, values, 2 * VALUE_BYTES * values, calls=calls)
