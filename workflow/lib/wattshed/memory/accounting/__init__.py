"""Bytes: what autograd saves, what is alive during a step, and what the device has allocated."""
