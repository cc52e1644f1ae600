"""S7: what is typed, sent and shown stays text."""

import shutil
from pathlib import Path

import pytest

from gongfu.security.dom import dom_injections
from gongfu.security.injections import injections
from gongfu.security.line_reader import UnreadableLineError, read_line
from gongfu.security.payloads import HTML
from gongfu.security.stand import Stand
from gongfu_fleet.api.deps import packaged_static

AT_LEAST = 200


def test_none_of_two_hundred_injections_does_anything(stand: Stand) -> None:
    tried = injections(stand)
    assert [str(one) for one in tried if one.effect] == []
    assert len(tried) >= AT_LEAST
    assert {one.kind for one in tried} == {
        "SQL", "HTML", "CSV formula", "line protocol", "header", "path", "terminal", "message"
    }  # fmt: skip


def test_a_browser_shows_hostile_names_and_notes_as_what_they_are(stand: Stand) -> None:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None or not (packaged_static() / "index.html").is_file():
        pytest.skip("no chromium on this machine, or the pages are not built")
    shown = dom_injections(stand, Path(found))
    assert [str(one) for one in shown if one.effect] == []
    sinks = {one.sink for one in shown}
    assert len(shown) == len(sinks) * len(HTML) == 11 * len(HTML)


@pytest.mark.parametrize(
    "text",
    [
        "a,dev=b x=1 1\na,dev=c x=1 1",
        "#a x=1 1",
        "a,dev=b c x=1 1",
        "a,dev=b\\\\ c x=1 1",
        'a,dev=b x="1 1',
        "a,dev=b x=1=2 1",
        "a x= 1",
    ],
)
def test_the_reader_that_judges_lines_takes_no_broken_one(text: str) -> None:
    with pytest.raises((UnreadableLineError, ValueError)):
        read_line(text)


def test_the_reader_that_judges_lines_reads_what_is_escaped() -> None:
    read = read_line(r'a\ b,dev=v\,\=\ 1 name="a \"b\" \\, c",x=1i 7')
    assert (read.measurement, read.tags) == ("a b", {"dev": "v,= 1"})
    assert read.fields == {"name": 'a "b" \\, c', "x": "1i"}
