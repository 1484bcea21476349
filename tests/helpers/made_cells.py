"""Cells of invented GPUs whose laws are known."""

import numpy as np

from wattshed.clocks.predicting.cell_curve import CellCurve

SETTINGS = np.arange(500.0, 1501.0, 50.0)


def made_cell(share=0.6, base_w=60.0, exponent=2.5, gpu="G", workload="w", family=None, noise=0.0, seed=0):
    """T = 10 ms (share fmax/f + 1 - share), P = base + 200 W (f/fmax)^exponent; probes scatter by ``noise``."""
    random = np.random.default_rng(seed)
    relative = SETTINGS / SETTINGS[-1]
    time_s = 0.01 * (share / relative + 1 - share)
    power_w = base_w + 200 * relative**exponent
    seen = [np.exp(noise * random.standard_normal(len(SETTINGS))) for _ in range(2)]
    return CellCurve(
        gpu,
        workload,
        family or workload,
        SETTINGS,
        time_s,
        power_w,
        time_s * seen[0],
        power_w * seen[1],
        True,
    )


def made_cells(count=12, gpus=("G",), noise=0.01, seed=0):
    """Workloads from memory-bound to compute-bound; the hungrier ones are those that the clock slows down most."""
    random = np.random.default_rng(seed)
    cells = []
    for gpu in gpus:
        for place in range(count):
            share = 0.05 + 0.9 * place / (count - 1)
            cells.append(
                made_cell(
                    share,
                    base_w=40 + 60 * share,
                    exponent=float(random.uniform(2.0, 3.0)),
                    gpu=gpu,
                    workload=f"w{place}",
                    noise=noise,
                    seed=int(random.integers(1000)),
                )
            )
    return cells
