"""The base class of all networks, under its first name."""

from wattshed.forecast.network import LossName, Network, PrunableUnits

__all__ = ["LossName", "Network", "PrunableUnits"]
