"""The device profile of a study, for tables and figures of the energy law."""

from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw
from wattshed.law.profile.files import read_profile
from wattshed.publish.parts.inputs import Inputs

LAW_NAMES = {
    "affine": "affine",
    "roofline": "roofline",
    "efficiency": "efficiency",
    "additive": "additive",
    "product": "products",
}


def profile_of(inputs: Inputs) -> DeviceProfile:
    """The profile by which the study's predictions were made; needs the input ``law_profile``."""
    file = inputs.files("law_profile")[0]
    return inputs.once("law_profile", lambda: read_profile(file))


def forms_of(profile: DeviceProfile, key: tuple[Kind, Direction]) -> dict[str, TimeLaw]:
    """The fitted laws of an operation by form; the chosen one alone where the profile kept no other."""
    chosen = profile.laws[key]
    return {**profile.rival_laws.get(key, {}), chosen.form: chosen}


def operation_name(kind: str) -> str:
    """``attention_output`` as ``attention output``; networks by their usual letters."""
    words = "drawing the batch" if kind == Kind.BATCH else str(kind).replace("_", " ")
    for name in ("lstm", "gru", "qkv"):
        words = words.replace(name, name.upper())
    return words
