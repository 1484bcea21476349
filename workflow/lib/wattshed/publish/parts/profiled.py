"""The device profile of a study, for tables and figures of the energy law."""

from wattshed.calibration.fits.laws_of_kinds import Key
from wattshed.calibration.studies.rivals import laws_of_forms
from wattshed.law.efficiency.laws import CHOSEN_FORMS
from wattshed.law.operations.operation import Kind
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw
from wattshed.law.profile.files import read_profile
from wattshed.publish.parts.inputs import Inputs

LAW_NAMES = {"product": "products", "cached": "with cache", "cached_product": "products with cache"}


def profile_of(inputs: Inputs) -> DeviceProfile:
    """The profile by which the study's predictions were made; needs the input ``law_profile``."""
    file = inputs.files("law_profile")[0]
    return inputs.once("law_profile", lambda: read_profile(file))


def forms_of(inputs: Inputs) -> dict[Key, dict[str, TimeLaw]]:
    """All laws that fit the profile's kernels, by operation and form."""
    profile = profile_of(inputs)
    return inputs.once("law_forms", lambda: laws_of_forms(profile, CHOSEN_FORMS))


def operation_name(kind: str) -> str:
    """``attention_output`` as ``attention output``; networks by their usual letters."""
    words = "drawing the batch" if kind == Kind.BATCH else str(kind).replace("_", " ")
    for name in ("lstm", "gru", "qkv"):
        words = words.replace(name, name.upper())
    return words
