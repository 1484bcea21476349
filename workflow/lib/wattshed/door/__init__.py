"""The door for Python programs: ``from wattshed import metered``, one meter per node, and callbacks of trainers."""
