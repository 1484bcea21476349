"""FLOPs as the source counts them (Mayaki, "power laws": final paper and its released code), for golden tests.

Forward pass of one layer; W = B T tokens, d width, h heads. The parts of our own counts are in :mod:`.attention` and
:mod:`.recurrences`; tests hold the two equal where the source has no artefact.
"""

from wattshed.law.operations.operation import expect_sizes


def qkv_flops(batch: int, length: int, width: int) -> int:
    """6 W d^2."""
    expect_sizes("qkv", batch=batch, length=length, width=width)
    return 6 * batch * length * width**2


def projection_flops(batch: int, length: int, width: int) -> int:
    """The final projection: 2 W d^2."""
    expect_sizes("final projection", batch=batch, length=length, width=width)
    return 2 * batch * length * width**2


def scores_flops(batch: int, length: int, width: int) -> int:
    """2 B T^2 d."""
    expect_sizes("scores", batch=batch, length=length, width=width)
    return 2 * batch * length**2 * width


def attention_output_flops(
    batch: int, length: int, width: int, heads: int = 1, *, whole_heads: bool = False
) -> int:
    """2 B T^2 d. whole_heads: h B 2 T^2 (d // h), as the released code has it, which loses FLOPs where the heads do not
    divide the width."""
    expect_sizes("attention output", batch=batch, length=length, width=width, heads=heads)
    counted = heads * (width // heads) if whole_heads else width
    return 2 * batch * length**2 * counted


def feed_forward_flops(batch: int, length: int, width: int, inner: int) -> int:
    """4 W d inner; the source defines it, but its energy model leaves it out."""
    expect_sizes("feed-forward", batch=batch, length=length, width=width, inner=inner)
    return 4 * batch * length * width * inner


def lstm_flops(batch: int, length: int, inputs: int, units: int) -> dict[str, int]:
    """The parts of one LSTM layer over ``length`` steps; their sum is (8 B H^2 + 8 B I H + 9 B H) T.

    The paper prints its sum with T at some terms only; each part has it.
    """
    expect_sizes("lstm", batch=batch, length=length, inputs=inputs, units=units)
    steps = batch * units * length
    return {
        "hidden_gates": 8 * steps * units,
        "input_gates": 8 * steps * inputs,
        "activations": 4 * steps,
        "cell_update": 3 * steps,
        "hidden_update": 2 * steps,
    }


def gru_gate_flops(batch: int, length: int, inputs: int, units: int) -> dict[str, int]:
    """The gates of one GRU layer: 6 B H^2 and 6 B I H per step. Our derivation: the source has no formula for a GRU."""
    expect_sizes("gru", batch=batch, length=length, inputs=inputs, units=units)
    steps = batch * units * length
    return {"hidden_gates": 6 * steps * units, "input_gates": 6 * steps * inputs}


def lstm_parameters(inputs: int, units: int) -> int:
    """4 (h x + h^2 + h), with one bias per gate; torch has two."""
    expect_sizes("lstm", inputs=inputs, units=units)
    return 4 * (units * inputs + units**2 + units)


def gru_parameters(inputs: int, units: int) -> int:
    """3 (h x + h^2 + h), with one bias per gate; torch has two."""
    expect_sizes("gru", inputs=inputs, units=units)
    return 3 * (units * inputs + units**2 + units)
