"""Structured pruning in rounds, with fine-tuning between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from wattshed.compression.methods.prune import Removable, RemovalBlock, Removing

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network


class PruneGraduallySettings(RemovalBlock):
    method: Literal["prune_gradually"] = Field(
        description="Structured pruning in rounds, with fine-tuning between them."
    )
    rounds: int = Field(default=3, ge=2, le=100, description="Rounds of removal.")
    schedule: Literal["geometric", "cubic"] = Field(
        default="geometric",
        description="`geometric`: each round keeps the same share of what is left; `cubic`: the removed share after "
        "round r of n is (1 - keep_share) * (1 - (1 - r / n)^3), so that later rounds remove less (Zhu and Gupta "
        "2017).",
    )
    fine_tune_steps: int = Field(
        ge=2,
        description="Gradient steps in all, in equal parts after each round; the last part takes the remainder.",
    )

    @model_validator(mode="after")
    def _every_round_is_tuned(self) -> PruneGraduallySettings:
        if self.fine_tune_steps < self.rounds:
            raise ValueError(
                f"fine_tune_steps is {self.fine_tune_steps} for {self.rounds} rounds; expected at least one step for "
                "each round"
            )
        return self

    @property
    def steps_between(self) -> int:
        return self.fine_tune_steps // self.rounds

    def counts(self, count: int) -> list[int]:
        shares = [round_number / self.rounds for round_number in range(1, self.rounds)]
        if self.schedule == "geometric":
            kept = [round(count * self.keep_share**share) for share in shares]
        else:
            kept = [round(count * (1 - (1 - self.keep_share) * (1 - (1 - share) ** 3))) for share in shares]
        return [*kept, self.kept(count)]

    def misfit(self, count: int, part: Removable) -> str | None:
        reason = super().misfit(count, part)
        if reason is not None:
            return reason
        counts = [count, *self.counts(count)]
        idle = [number for number in range(1, len(counts)) if counts[number] == counts[number - 1]]
        if not idle:
            return None
        # Up to a hundred counts would hide the sentence: those around the round say enough.
        first, last = max(0, idle[0] - 2), idle[0] + 2
        around = [*(["..."] if first else []), *map(str, counts[first:last])]
        around += ["..."] if last < len(counts) else []
        return (
            f"round {idle[0]} of {self.rounds} removes none of the {counts[idle[0]]} {part} that are left "
            f"({', '.join(around)}): expected fewer rounds, or a lower keep_share"
        )


class PruneGradually(Removing):
    Settings = PruneGraduallySettings
    learns = True

    def trained_shapes(
        self,
        network: Network,
        settings: PruneGraduallySettings,
        windows: WindowsBlock,
        adjacency: sp.csr_array,
        seed: int,
    ) -> list[Network]:
        from wattshed.compression.methods.removal import shapes_of_rounds

        return shapes_of_rounds(network, settings)

    def fine_tune(
        self, making: Making, network: Network, settings: PruneGraduallySettings
    ) -> tuple[int, float]:
        """The part of the steps that follows the last round."""
        steps = settings.fine_tune_steps - (settings.rounds - 1) * settings.steps_between
        return steps, making.fine_tune(network, steps)


METHOD = PruneGradually()
