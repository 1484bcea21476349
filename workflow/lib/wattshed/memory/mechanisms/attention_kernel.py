"""The mechanisms that choose the kernel of attention: a plan has at most one of them."""

KERNELS = ("fused_attention", "block_attention")


def refuse_second_kernel(others: frozenset[str]) -> None:
    """Raise :class:`ValueError` if one of the plan's other mechanisms chooses the kernel too."""
    if others.intersection(KERNELS):
        raise ValueError(
            f"{' and '.join(KERNELS)} both choose the kernel of attention; expected one of the two: leave out the other"
        )
