"""Rows of `Master.csv`, as cdr_csv writes them."""

from collections.abc import Iterable


def row(
    *,
    src: str = "0671234567",
    dst: str = "0445550101",
    context: str = "from-trunk",
    clid: str = "",
    channel: str = "PJSIP/trunk-00000001",
    dstchannel: str = "PJSIP/101-00000002",
    app: str = "Dial",
    data: str = "PJSIP/101,20",
    start: str = "2026-11-22 10:00:00",
    answer: str = "",
    end: str = "2026-11-22 10:00:05",
    duration: int | str = 5,
    disposition: str = "NO ANSWER",
    extra: Iterable[str] = ("1795341600.1", ""),
) -> bytes:
    """A line of the file: unless told otherwise, an outside call that 101 did not answer.

    `extra` are the optional columns.
    """
    cells = ["", src, dst, context, clid, channel, dstchannel, app, data, start, answer, end]
    cells += [str(duration), "0", disposition, "DOCUMENTATION", *extra]
    text = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    return (text + "\n").encode("utf-8", "surrogateescape")
