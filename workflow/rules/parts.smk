"""Functions of the rules that make tables, figures and the report from what publish.smk lists as PUBLISHED."""

from wattshed.foundation.plugins import names as plugin_names
from wattshed.publish.parts.declaration import declared

# Parts that would mislead in a study of classes: its rows are windows, which have no hours of day, gaps or neighbours.
OF_READINGS = {"table": {"quality"}, "figure": {"degrees", "forecasts", "horizons"}}


def parts_of(kind):
    """Tables or figures that this study has the inputs for, by name."""
    try:
        parts = {name: declared(kind, name) for name in plugin_names(kind)}
    except Fault as fault:
        raise WorkflowError(str(fault)) from None
    for name, part in parts.items():
        for unknown in [text for text in part.inputs if text not in PUBLISHED]:
            raise WorkflowError(
                f"the {kind} {name!r} needs the input {unknown!r}, which no study has: expected some of "
                f"{', '.join(PUBLISHED)}; correct its declaration."
            )
    left_out = OF_READINGS[kind] if LABELLED else set()
    return {
        name: part
        for name, part in parts.items()
        if name not in left_out and all(PUBLISHED[text] for text in part.inputs)
    }


def inputs_of(*declarations):
    """Files that parts are made from, by name."""
    wanted = {text for declaration in declarations for text in declaration.inputs}
    return {name: files for name, files in PUBLISHED.items() if name in wanted}


def settings_of(*declarations):
    """Settings that parts use as one argument of a script."""
    wanted = {text for declaration in declarations for text in declaration.parameters}
    found = {name: value for name, value in SETTINGS.items() if name in wanted}
    # Every part of a study of classes has its own words; other studies do not name the setting.
    return without_braces(json.dumps(found | ({"labelled": True} if LABELLED else {})))


def input_arguments(wildcards, input):
    """``--input NAME FILE...`` for each result that a rule reads, as a param."""
    words = []
    for name, files in input.items():
        if name in PUBLISHED:
            words += ["--input", name, *([files] if isinstance(files, str) else files)]
    return words


def as_written(text):
    """A param in whose text Snakemake does not search for wildcards."""
    return lambda wildcards: text


def doubled(text):
    """A message in whose text Snakemake does not search for names."""
    return text.replace("{", "{{").replace("}", "}}")
