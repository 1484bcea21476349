"""wattshed: what forecasting models cost, measured, repeated, labelled and reproducible."""

__version__ = "0.1.0"


# The types of both are in __init__.pyi.
def __getattr__(name: str) -> object:
    """``metered`` is loaded when it is first used, so that importing wattshed costs nothing.

    By its name and not by an import: the digest of a job covers all that it imports, and every job imports this file.
    """
    if name != "metered":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    loaded: object = importlib.import_module("wattshed.door.metered").metered
    globals()[name] = loaded
    return loaded
