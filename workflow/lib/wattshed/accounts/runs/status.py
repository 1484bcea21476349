"""Moved to :mod:`wattshed.energy.reading`."""

from wattshed.energy.reading import worst_status as worst_status
