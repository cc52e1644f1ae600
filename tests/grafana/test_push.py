"""Pushing by the HTTP API, against a stand-in that keeps to Grafana's documented answers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu_broker.listening import free_port
from grafana.generate import dashboards
from grafana.push import (
    FOLDER_TITLE,
    FOLDER_UID,
    GrafanaApi,
    Outcome,
    RefusedError,
    UnreachableError,
    client,
    main,
    push_all,
)
from tests.grafana.fake_grafana import FakeGrafana, run_fake

TEXT = next(iter(dashboards().values()))
UID = json.loads(TEXT)["uid"]


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    with run_fake() as running:
        yield running


@pytest.fixture
def api(grafana: FakeGrafana) -> Iterator[GrafanaApi]:
    with client(grafana.url, "editor") as http:
        yield GrafanaApi(http)


def test_a_first_push_makes_the_folder_and_the_dashboard(
    grafana: FakeGrafana, api: GrafanaApi
) -> None:
    assert push_all(api, [TEXT]) == [Outcome.CREATED]
    assert grafana.folders == {FOLDER_UID: FOLDER_TITLE}
    assert grafana.boards[UID]["meta"]["folderUid"] == FOLDER_UID


def test_a_second_push_of_the_same_writes_nothing(grafana: FakeGrafana, api: GrafanaApi) -> None:
    push_all(api, [TEXT])
    grafana.writes.clear()
    assert push_all(api, [TEXT]) == [Outcome.UNCHANGED]
    assert grafana.writes == []


def test_a_changed_dashboard_is_updated_over_the_version_that_was_read(
    grafana: FakeGrafana, api: GrafanaApi
) -> None:
    push_all(api, [TEXT])
    grafana.boards[UID]["dashboard"] |= {"title": "changed by hand", "version": 5}
    assert push_all(api, [TEXT]) == [Outcome.UPDATED]
    held = grafana.boards[UID]["dashboard"]
    assert (held["title"], held["version"]) == (json.loads(TEXT)["title"], 6)


def test_a_dashboard_in_another_folder_is_moved(grafana: FakeGrafana, api: GrafanaApi) -> None:
    push_all(api, [TEXT])
    grafana.boards[UID]["meta"]["folderUid"] = "elsewhere"
    assert api.push(TEXT) is Outcome.UPDATED
    assert grafana.boards[UID]["meta"]["folderUid"] == FOLDER_UID


def test_a_provisioned_dashboard_is_left_alone(grafana: FakeGrafana, api: GrafanaApi) -> None:
    push_all(api, [TEXT])
    grafana.boards[UID]["meta"]["provisioned"] = True
    grafana.writes.clear()
    with pytest.raises(RefusedError, match="Change the file there"):
        api.push(TEXT)
    assert grafana.writes == []


def test_an_edit_that_came_between_reading_and_writing_is_not_overwritten(
    grafana: FakeGrafana, api: GrafanaApi
) -> None:
    push_all(api, [TEXT])
    grafana.boards[UID]["dashboard"]["title"] = "changed by hand"
    grafana.edited_before_write = 1
    with pytest.raises(RefusedError, match=r"412 .* push again"):
        api.push(TEXT)
    assert grafana.boards[UID]["dashboard"]["title"] == "changed by hand"


@pytest.mark.parametrize(
    ("token", "remedy"), [("wrong", "valid service account token"), ("viewer", "role Editor")]
)
def test_a_token_that_may_not_is_told_what_is_missing(
    grafana: FakeGrafana, token: str, remedy: str
) -> None:
    with client(grafana.url, token) as http, pytest.raises(RefusedError, match=remedy):
        push_all(GrafanaApi(http), [TEXT])
    assert grafana.boards == {}


def test_a_grafana_that_is_not_there_is_said_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with client(url, None) as http, pytest.raises(UnreachableError, match="Is it running"):
        push_all(GrafanaApi(http), [TEXT])


def test_the_command_says_what_it_did_and_fails_with_a_sentence(
    grafana: FakeGrafana, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("editor\n")
    arguments = ["--url", grafana.url, "--token-file", str(token)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"{UID}.json: created\n"
    token.write_text("wrong")
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("Grafana refused /api/folders/")


@pytest.mark.grafana
def test_a_real_grafana_takes_the_dashboard_and_gives_it_back() -> None:
    url = os.environ.get("GRAFANA_URL")
    if not url:
        pytest.skip("opt-in: set GRAFANA_URL, like http://admin:password@localhost:3000")
    with client(url, os.environ.get("GRAFANA_TOKEN")) as http:
        push_all(GrafanaApi(http), [TEXT])
        assert push_all(GrafanaApi(http), [TEXT]) == [Outcome.UNCHANGED]
        held = http.get(f"/api/dashboards/uid/{UID}").raise_for_status().json()["dashboard"]
    titles = [panel["title"] for panel in json.loads(TEXT)["panels"]]
    assert [panel["title"] for panel in held["panels"]] == titles
