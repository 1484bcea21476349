"""The append-only record of a measured job: writing it and reading it back."""
