"""Memory: what a training step does to need less of it, and how many bytes that saves."""
