"""One module per compression method, and beside them the modules with layers, which import torch."""
