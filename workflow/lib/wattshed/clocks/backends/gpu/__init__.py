"""One real GPU: its driver, its two knobs, a window on it, and what gives the knob back however a sweep ends."""
