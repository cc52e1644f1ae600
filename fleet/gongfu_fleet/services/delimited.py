"""CSV from strangers' spreadsheets: encoding, header, quoting; every fault with line and remedy."""

import csv
import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from gongfu_fleet.domain.registry import ImportFault

ENCODINGS = ("utf-8", "gb18030")


class TableUnreadableError(Exception):
    """The file as a whole cannot be read; ``fault`` says why."""

    def __init__(self, fault: ImportFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True)
class TableFile:
    """A CSV file as it came: its name for messages, its bytes, its encoding."""

    name: str
    data: bytes
    encoding: str = "utf-8"


@dataclass(frozen=True)
class TableRow:
    """One line by column; values are stripped."""

    line: int
    values: dict[str, str]


def decode(file: TableFile) -> str:
    """The text of a file, without byte order mark. Raises TableUnreadableError."""
    if file.encoding not in ENCODINGS:
        _refuse(file, 1, f"The encoding {file.encoding} is unknown.", "Use utf-8 or gb18030.")
    if file.data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        _refuse(file, 1, "The file is UTF-16.", "Save it as CSV UTF-8.")
    if file.encoding == "gb18030" and _is_utf8_beyond_ascii(file.data):
        _refuse(file, 1, "The file is UTF-8, not GB18030.", "Import it with the encoding utf-8.")
    try:
        text = file.data.decode("utf-8-sig" if file.encoding == "utf-8" else file.encoding)
    except UnicodeDecodeError as fault:
        other = "gb18030" if file.encoding == "utf-8" else "utf-8"
        line = file.data[: fault.start].count(b"\n") + 1
        _refuse(
            file,
            line,
            f"The bytes here are no {file.encoding.upper()}.",
            f"Import it with the encoding {other}, or save it as CSV UTF-8.",
        )
    return text.removeprefix("\ufeff")


def read_rows(
    file: TableFile, columns: Sequence[str], optional: Sequence[str] = ()
) -> list[TableRow]:
    """Rows under exactly these columns, in any order. Raises TableUnreadableError.

    ``optional`` columns may be missing, and so are their values then.
    """
    lines = _records(file, decode(file))
    header = next(lines, None)
    if header is None:
        _refuse(file, 1, "The file is empty.", f"Its first line is: {','.join(columns)}.")
    _check_header(file, header[1], columns, optional)
    rows = [_row(file, header[1], number, cells) for number, cells in lines if any(cells)]
    if not rows:
        _refuse(file, 2, "There is no line under the header.", "Write one line for each thing.")
    return rows


def _records(file: TableFile, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begin = 1
    try:
        for cells in reader:
            yield begin, [cell.strip() for cell in cells]
            begin = reader.line_num + 1
    except csv.Error as fault:
        _refuse(file, begin, f"The line is broken ({fault}).", "Check its quotation marks.")


def _check_header(
    file: TableFile, header: list[str], columns: Sequence[str], optional: Sequence[str]
) -> None:
    if missing := [name for name in columns if name not in header]:
        _refuse(
            file,
            1,
            f"The header lacks {', '.join(missing)}.",
            f"The first line is, separated by commas: {','.join(columns)}.",
        )
    known = (*columns, *optional)
    if odd := [name for name in header if name not in known or header.count(name) > 1]:
        _refuse(file, 1, f"The header has {odd[0]!r:.40} too much.", "Remove that column.")


def _row(file: TableFile, header: list[str], number: int, cells: list[str]) -> TableRow:
    if len(cells) != len(header):
        _refuse(
            file,
            number,
            f"The line has {len(cells)} values, the header {len(header)}.",
            "Quote values that contain a comma.",
        )
    return TableRow(number, dict(zip(header, cells, strict=True)))


def _is_utf8_beyond_ascii(data: bytes) -> bool:
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _refuse(file: TableFile, line: int, fault: str, remedy: str) -> NoReturn:
    raise TableUnreadableError(ImportFault(file.name, line, "file", fault, remedy))
