"""Configuration blocks as arguments of jobs: JSON in which Snakemake finds no wildcards."""

import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
ESCAPES = str.maketrans({"{": r"\u007b", "}": r"\u007d"})


def without_braces(json_text: str) -> str:
    """The same JSON with braces inside strings written as Unicode escapes.

    Snakemake would take ``{form}`` in a caption for a wildcard. Braces of objects stay; they are followed by a quote or
    by a closing brace, which no wildcard is.
    """
    return STRING.sub(lambda found: found[0].translate(ESCAPES), json_text)
