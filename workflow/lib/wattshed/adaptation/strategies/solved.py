"""The hooks of ``exact``: the network learns a month in closed form."""

from wattshed.training.updates import Part, UpdateHooks


class Solved(UpdateHooks):
    def steps_on(self, part: Part) -> int:
        return 0

    def solve(self, part: Part) -> float:
        forecaster, task = self.context.forecaster, self.context.task
        return forecaster.network.learn(task, forecaster.series, part.origins)
