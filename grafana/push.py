"""``python -m grafana.push`` puts the generated dashboards into a running Grafana by its HTTP API.

For a Grafana that somebody else runs; where the files are provisioned nothing has to be pushed, and
Grafana refuses it. Only endpoints by uid are used; every dashboard is read before it is written.

    PushError
    ├── UnreachableError    no answer
    └── RefusedError        an answer that is no success
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from grafana.generate import dashboards

FOLDER_UID, FOLDER_TITLE = "gongfu-ops", "Ops"
TIMEOUT_S = 20.0
Json = dict[str, Any]  # Any: Grafana's JSON
# Grafana keeps these itself.
KEPT_BY_GRAFANA = ("id", "version")
REMEDIES = {
    HTTPStatus.UNAUTHORIZED: "Give a valid service account token by --token-file.",
    HTTPStatus.FORBIDDEN: "Give the service account the role Editor.",
    HTTPStatus.PRECONDITION_FAILED: "Somebody changed it meanwhile; look at it, then push again.",
}


class PushError(Exception):
    """A push did not succeed; the message names the remedy."""


class UnreachableError(PushError):
    """Grafana did not answer."""


class RefusedError(PushError):
    """Grafana answered no."""


class Outcome(StrEnum):
    """What a push did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class GrafanaApi:
    """Folders and dashboards by uid. Raises UnreachableError, RefusedError."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def push(self, text: str) -> Outcome:
        """Make Grafana hold this dashboard in the folder; writes only what differs."""
        board: Json = json.loads(text)
        held = self._get(f"/api/dashboards/uid/{board['uid']}")
        if held is None:
            self._save(board)
            return Outcome.CREATED
        if held["meta"].get("provisioned"):
            raise RefusedError(
                f"The dashboard {board['uid']} is provisioned from a file on the server. "
                "Change the file there instead of pushing."
            )
        same_place = held["meta"].get("folderUid") == FOLDER_UID
        if same_place and _content(held["dashboard"]) == _content(board):
            return Outcome.UNCHANGED
        self._save({**board, "version": held["dashboard"]["version"]})
        return Outcome.UPDATED

    def ensure_folder(self) -> Outcome:
        """Make the folder; one that is there keeps its title."""
        if self._get(f"/api/folders/{FOLDER_UID}") is not None:
            return Outcome.UNCHANGED
        self._ask("POST", "/api/folders", {"uid": FOLDER_UID, "title": FOLDER_TITLE})
        return Outcome.CREATED

    def _save(self, board: Json) -> None:
        body = {
            "dashboard": {**board, "id": None},
            "folderUid": FOLDER_UID,
            "message": "pushed by Gongfu",
            "overwrite": False,
        }
        self._ask("POST", "/api/dashboards/db", body)

    def _get(self, path: str) -> Json | None:
        answer = self._send("GET", path, None)
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _body(answer)

    def _ask(self, method: str, path: str, body: Mapping[str, object]) -> Json:
        return _body(self._send(method, path, body))

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        try:
            return self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise UnreachableError(
                f"Grafana at {self._http.base_url.host} does not answer ({error}). "
                "Is it running, and is --url right?"
            ) from error


def push_all(api: GrafanaApi, texts: Sequence[str]) -> list[Outcome]:
    """The folder, then every dashboard; stops at the first refusal."""
    api.ensure_folder()
    return [api.push(text) for text in texts]


def client(url: str, token: str | None) -> httpx.Client:
    """A client for ``url``; user and password in the URL work too, for a Grafana being set up."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="like http://localhost:3000")
    parser.add_argument("--token-file", type=Path, help="holds a service account's token")
    given = parser.parse_args(arguments)
    token = given.token_file.read_text().strip() if given.token_file else None
    boards = dashboards()
    try:
        with client(given.url, token) as http:
            outcomes = push_all(GrafanaApi(http), list(boards.values()))
    except PushError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, outcome in zip(boards, outcomes, strict=True):
        sys.stdout.write(f"{name}: {outcome}\n")
    return 0


def _body(answer: httpx.Response) -> Json:
    if answer.is_success:
        found: Json = answer.json()
        return found
    try:
        said = str(answer.json().get("message", ""))
    except ValueError:
        said = ""
    status = HTTPStatus(answer.status_code)
    remedy = REMEDIES.get(status, "See Grafana's log.")
    path = answer.request.url.path
    raise RefusedError(f"Grafana refused {path}: {status.value} {said or status.phrase}. {remedy}")


def _content(board: Json) -> Json:
    return {key: value for key, value in board.items() if key not in KEPT_BY_GRAFANA}


if __name__ == "__main__":
    sys.exit(main())
