"""A phase changes only after several windows in a row say so."""

from wattshed.clocks.phases.rule import UNKNOWN


class Hysteresis:
    """Holds the confirmed phase. The first known window confirms its own phase."""

    def __init__(self) -> None:
        self.phase = UNKNOWN
        self._rival = UNKNOWN
        self._seen = 0

    def see(self, phase: str, needed: int) -> str:
        """The confirmed phase after a window of ``phase``, where ``needed`` windows in a row change it.

        Windows that cannot be told (unknown) count as a phase of their own.
        """
        if phase == self.phase:
            self._rival, self._seen = UNKNOWN, 0
            return self.phase
        self._seen = self._seen + 1 if phase == self._rival else 1
        self._rival = phase
        if self._seen >= needed or self.phase == UNKNOWN:
            self.phase, self._rival, self._seen = phase, UNKNOWN, 0
        return self.phase
