"""The same profile with simpler laws of time, to see whether the chosen ones are worth anything."""

from __future__ import annotations

from dataclasses import replace

from wattshed.law.profile.device_profile import DeviceProfile


def rival_profile(profile: DeviceProfile, form: str) -> DeviceProfile | None:
    """The profile with the law of this form for every operation, as the same calibration fitted it; None if it holds
    none.

    An operation for which the form could not be fitted has no law, so that no prediction is made of two rivals at once.
    """
    laws = {key: forms[form] for key, forms in profile.rival_laws.items() if form in forms}
    return replace(profile, laws=laws) if laws else None
