"""Dynamic int8 quantisation, where this torch still has it."""

import copy
import warnings

import torch
from torch import nn

from wattshed.forecast.families.networks import STGNN


class NotAvailable(Exception):
    """A method that this machine or this torch cannot run; the message says why."""


def quantise(network: STGNN) -> nn.Module:
    """GRU and read-out in int8, activations quantised as they come.

    The graph layer stays in float: it has one input channel, where int8 has nothing to gain.

    Raises :class:`NotAvailable` where torch has no packaged int8 GRU (torchao converts linear layers only).
    """
    device = next(network.parameters()).device
    if device.type != "cpu":
        raise NotAvailable(f"torch's dynamic int8 runs on the CPU only, and the network is on {device}")
    engines = [engine for engine in torch.backends.quantized.supported_engines if engine != "none"]
    if not engines:
        raise NotAvailable("this build of torch has no quantised engine for the processor")
    try:
        from torch.ao.quantization import quantize_dynamic
    except ImportError as error:
        raise NotAvailable(f"torch {torch.__version__} no longer has dynamic quantisation") from error
    with warnings.catch_warnings():
        # Deprecated since torch 2.10 without a replacement for the GRU; the check above covers its end.
        warnings.simplefilter("ignore")
        try:
            return quantize_dynamic(copy.deepcopy(network).eval(), {"gru", "output"}, dtype=torch.qint8)
        except (RuntimeError, NotImplementedError) as error:
            raise NotAvailable(f"torch {torch.__version__} cannot quantise this network: {error}") from error
