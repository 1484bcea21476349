"""Pages below each other in one PNG: how many rows of pixels each has, and each as a picture of its own."""

import io
from collections.abc import Sequence

# Key of a PNG's text; its value is the height of each page in pixels, such as ``1560,1560,820``.
PAGES = "Pages"
# The text comes before the picture.
HEAD_BYTES = 4096


def pages_text(heights_px: Sequence[int]) -> dict[str, str]:
    """The text that tells a later reader where the pages are."""
    return {PAGES: ",".join(map(str, heights_px))}


def pages_of(png: bytes) -> list[bytes]:
    """Each page as a PNG; the picture as it is if it has one page."""
    if f"tEXt{PAGES}\0".encode() not in png[:HEAD_BYTES]:
        return [png]
    # Pillow comes with matplotlib; most pictures do not need it.
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        found, top = [], 0
        for height in map(int, picture.info[PAGES].split(",")):
            memory = io.BytesIO()
            picture.crop((0, top, picture.width, top + height)).save(memory, format="PNG")
            found.append(memory.getvalue())
            top += height
    return found
