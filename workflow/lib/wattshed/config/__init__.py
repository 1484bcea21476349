"""The study as typed blocks: one module per block of config.yaml. Unknown keys fail."""
