"""In which encoding a text is written, as far as its first bytes say."""

import codecs

from wattshed.foundation.faults import Fault

# The longer marks come first: that of UTF-32 begins like that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(head: bytes, stated: str | None, where: str) -> tuple[str, int]:
    """Encoding of a text, and the length of its mark [bytes], which is not part of the text.

    head: the first bytes. stated: the encoding that the user names; None: the mark, or UTF-8. Raises :class:`Fault` for
    an unknown encoding and for bytes that are not text.
    """
    mark, length = next(((name, len(sign)) for sign, name in MARKS if head.startswith(sign)), (None, 0))
    if stated is not None:
        try:
            name = codecs.lookup(stated).name
        except LookupError as error:
            raise Fault(
                f"data.source.encoding: {stated!r} is not a known encoding; expected a name such as utf-8 or cp1252: "
                "correct it."
            ) from error
        if mark is not None and mark.startswith(name.removesuffix("-sig")):
            return mark, length
        return ("utf-8", 0) if name in ("utf-8", "utf-8-sig") else (name, 0)
    if mark is not None:
        return mark, length
    zeros = head[:400].count(0)
    if zeros and len(head) > 3:
        # Half of the bytes of plain text in UTF-16 are zero: the upper ones, which come second in the usual order.
        if zeros >= len(head[:400]) // 4 and 0 in (head[0], head[1]):
            return ("utf-16-be" if head[0] == 0 else "utf-16-le"), 0
        raise Fault(
            f"{where} is not a text (it has zero bytes); expected CSV, Parquet or .xlsx, also in .gz or .zip: export "
            "the table as one of these."
        )
    return "utf-8", 0


def not_utf8(where: str, content: bytes, row: int | None = None) -> Fault:
    """The sentence for bytes that are not UTF-8; content: some that hold the first of them."""
    try:
        content.decode("utf-8")
        shown = ""
    except UnicodeDecodeError as error:
        start = content.rfind(b"\n", 0, error.start) + 1
        line = content[start:].splitlines()[0][:60] if content[start:] else b""
        shown = f", such as in {line.decode('cp1252', 'replace')!r} if it is read as cp1252"
    at = "it" if row is None else f"row {row}"
    return Fault(
        f"{where} cannot be read as CSV: {at} has bytes that are not UTF-8{shown}; expected UTF-8, or the encoding in "
        "data.source.encoding: set it, for files of Windows programs most likely `encoding: cp1252`."
    )
