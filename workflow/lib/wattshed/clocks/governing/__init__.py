"""A clock that follows the phases, held against the best static clock and an oracle."""
