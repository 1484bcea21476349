"""``wattshed calibrate``, ``predict`` and ``reproduce``: what training costs by the energy law."""
