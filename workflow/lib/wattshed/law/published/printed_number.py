"""A number as a document prints it: its text decides how exactly it is known."""

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class PrintedNumber:
    """A printed number, such as ``26.30``, ``6.44e10`` or ``36``; it stands for all values that round to it.

    Raises :class:`Fault` for any other text, and for infinity.
    """

    text: str

    def __post_init__(self) -> None:
        try:
            finite = Decimal(self.text).is_finite()
        except InvalidOperation:
            finite = False
        if not finite:
            raise Fault(
                f"the printed number {self.text!r} cannot be read: expected digits such as 26.30 or 6.44e10; "
                "correct it."
            )

    @property
    def value(self) -> float:
        return float(Decimal(self.text))

    @property
    def step(self) -> float:
        """One unit of the last printed digit."""
        exponent = Decimal(self.text).as_tuple().exponent
        assert isinstance(exponent, int)
        return float(Decimal(1).scaleb(exponent))

    def distance(self, value: float) -> float:
        """How far a value lies outside of what rounds to the printed digits; 0 inside."""
        # A value just between two roundings counts as inside, whatever a float makes of it.
        outside = abs(value - self.value) - self.step / 2
        return 0.0 if outside <= 1e-9 * max(self.step, abs(value)) else outside

    def gap_share(self, value: float) -> float:
        """The same as a share of the value; infinite for a value of 0 that does not round to it."""
        distance = self.distance(value)
        if distance == 0:
            return 0.0
        return math.inf if value == 0 else distance / abs(value)

    def scaled(self, factor: float) -> "PrintedNumber":
        """The number times a power of ten or a whole factor, with as many known digits."""
        return PrintedNumber(str(Decimal(self.text) * Decimal(repr(factor)).normalize()))
