"""Whether models, recipes and blocks of a study fit what its source gives: labelled windows or readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.foundation import plugins

if TYPE_CHECKING:
    from wattshed.config.study import Study

LABELLED, READINGS = "labelled windows", "readings"


def check_classes(study: Study) -> None:
    """Raise :class:`ValueError` for a family, a recipe or a block that is for the other kind of panel."""
    kind = study.data.source.kind
    labelled = bool(getattr(plugins.load("source", kind), "labelled", False))
    given = f"the source {kind} gives {LABELLED if labelled else READINGS}"
    if labelled:
        _refuse_blocks_of_readings(study, given)
    for name, model in study.models.items():
        if _takes_examples(model.form) != labelled:
            forms = [form for form in plugins.names("family") if _takes_examples(form) == labelled]
            raise ValueError(
                f"models.{name}.form is {model.form!r}, a family for {READINGS if labelled else LABELLED}, "
                f"and {given}; "
                f"expected one of {forms}"
            )
    if labelled:
        _refuse_other_regions(study)
    for name, recipe in study.recipes.items():
        if (recipe.sampling == "examples") != labelled:
            raise ValueError(
                f"recipes.{name}.sampling is {recipe.sampling!r} and {given}; expected "
                f"{'examples' if labelled else 'windows, pairs or sequences'}"
            )


def _refuse_other_regions(study: Study) -> None:
    """Of models and of students, whose key ``regions`` repeats what the source gives, where it knows that already."""
    source = study.data.source
    count = getattr(plugins.load("source", source.kind), "count_regions", None)
    if count is None:
        return
    least, most = count(source)
    blocks: dict[str, object] = {f"models.{name}": model for name, model in study.models.items()}
    if study.compression is not None:
        for name, variant in study.compression.variants.items():
            blocks[f"compression.variants.{name}.student"] = getattr(variant, "student", None)
    for place, block in blocks.items():
        regions = getattr(block, "regions", None)
        if regions is not None and not least <= regions <= most:
            expected = f"{most}" if least == most else f"at most {most}"
            raise ValueError(
                f"{place}.regions is {regions} and the series of the source {source.kind} have {expected} regions; "
                f"expected {expected}"
            )


def _refuse_blocks_of_readings(study: Study, given: str) -> None:
    if study.graph.method != "auto":
        raise ValueError(
            f"graph.method is {study.graph.method!r} and {given}, whose classes have no neighbours; expected auto: "
            "remove the key"
        )
    if study.ladder is not None:
        raise ValueError(
            f"ladder is given and {given}; its steps are recipes for readings; expected none: remove the block"
        )


def _takes_examples(form: str) -> bool:
    return "examples" in plugins.load("family", form).samplings
