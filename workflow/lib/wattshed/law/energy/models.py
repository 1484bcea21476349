"""The models of energy by name."""

from wattshed.foundation.faults import Fault
from wattshed.law.energy.linear import NonNegative, Ridge
from wattshed.law.energy.model import EnergyModel
from wattshed.law.energy.published_regression import CODE, LSTM_AS_PRINTED, LSTM_CENTRED, PAPER
from wattshed.law.energy.rivals import BoostedTrees, LogLinear, TimePower

# The strength that the source's notebook takes.
SOURCE_RIDGE = 5.0

_ALL: tuple[EnergyModel, ...] = (
    CODE,
    PAPER,
    LSTM_AS_PRINTED,
    LSTM_CENTRED,
    Ridge("least_squares", "ordinary least squares on the durations"),
    Ridge("ridge", "ridge as in the source's notebook: standardised durations, strength 5", SOURCE_RIDGE),
    NonNegative("non_negative", "least squares without negative coefficients"),
    NonNegative("non_negative_ridge", "the same with a ridge penalty", SOURCE_RIDGE),
    NonNegative("non_negative_relative", "without negative coefficients, errors in percent", relative=True),
    LogLinear(),
    BoostedTrees(),
    TimePower(),
)
MODELS: dict[str, EnergyModel] = {model.name: model for model in _ALL}


def energy_model(name: str) -> EnergyModel:
    """The model of this name; Fault for an unknown one."""
    if name not in MODELS:
        raise Fault(f"the energy model {name!r} is unknown: name one of {', '.join(MODELS)}.")
    return MODELS[name]
