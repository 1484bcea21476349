"""A GRU with a linear read-out in which every sum is rounded once, so that terms of zero change no bit.

Matrix products of other sizes add their terms in another order; their last bits differ for that reason alone.
"""

import math


def exact_forecast(gru, output, steps):
    """Forecasts, [M][H] in double precision, from steps [M, W, channels]."""
    weights = {name: value.double().tolist() for name, value in gru.state_dict().items()}
    read, read_bias = output.weight.double().tolist(), output.bias.double().tolist()
    units = gru.hidden_size
    forecasts = []
    for hours in steps.double().tolist():
        state = [0.0] * units
        for step in hours:
            inputs = _affine(weights["weight_ih_l0"], step, weights["bias_ih_l0"])
            states = _affine(weights["weight_hh_l0"], state, weights["bias_hh_l0"])
            state = [_next(inputs[unit::units], states[unit::units], state[unit]) for unit in range(units)]
        forecasts.append(_affine(read, state, read_bias))
    return forecasts


def _next(inputs, states, last):
    """Next state of one unit from its gates r, z and n."""
    r, z = (1 / (1 + math.exp(-(inputs[gate] + states[gate]))) for gate in (0, 1))
    n = math.tanh(inputs[2] + r * states[2])
    return (1 - z) * n + z * last


def _affine(matrix, vector, bias):
    return [
        math.fsum([*(weight * value for weight, value in zip(row, vector, strict=True)), constant])
        for row, constant in zip(matrix, bias, strict=True)
    ]
