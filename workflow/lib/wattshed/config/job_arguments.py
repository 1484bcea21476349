"""Configuration blocks as arguments of jobs: JSON that contains no Snakemake wildcards."""

import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
ESCAPES = str.maketrans({"{": r"\u007b", "}": r"\u007d"})


def without_braces(json_text: str) -> str:
    """The same JSON with braces inside strings written as Unicode escapes.

    Snakemake would read ``{form}`` in a caption as a wildcard. Braces of JSON objects are kept: a quote or a closing
    brace follows them, so that Snakemake does not read them as wildcards.
    """
    return STRING.sub(lambda found: found[0].translate(ESCAPES), json_text)
