"""What ``wattshed predict --example`` prints: the source's Model A and B, as printed and recomputed."""

from collections.abc import Sequence

from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.law.published.worked_example import WorkedExample


def print_example(examples: Sequence[WorkedExample]) -> None:
    console = open_console()
    for example in examples:
        table = plain_table(
            f"Model A and Model B, {example.document}",
            *("model", "operation", "FLOPs of a layer", "efficiency, %", "time, ms", "paper's pseudo-µs"),
            numeric=("FLOPs of a layer", "efficiency, %", "time, ms", "paper's pseudo-µs"),
        )
        for model in example.models:
            for number, operation in enumerate(model.operations):
                table.add_row(
                    model.name if number == 0 else "",
                    operation.name,
                    f"{operation.flops:.4g}",
                    f"{operation.eta_percent:.2f}",
                    f"{1000 * operation.time_s:.4g}",
                    f"{operation.paper_pseudo_us:.4g}",
                )
        console.print(table)
        first, second = example.models
        console.print(
            f"{first.name}: {first.energy_j:.3f} J a step; {second.name}: {second.energy_j:.3f} J. {second.name} takes "
            f"{example.more_percent:.1f} % more (ratio {example.ratio:.4f}): {example.per_million_kwh:.2f} kWh over a "
            f"million steps. Note: {example.note}.\n",
            markup=False,
        )
