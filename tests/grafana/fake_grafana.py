"""No Grafana: a small server that gives the answers Grafana's HTTP API documentation promises.

Folders and dashboards by uid, tokens, versions, provisioned and taken titles. What a real Grafana
does beyond that is only seen by ``pytest -m grafana``.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Json = dict[str, Any]  # Any: Grafana's JSON
Answer = tuple[int, Json]
TOKENS = {"editor": "Editor", "viewer": "Viewer"}
UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


@dataclass
class FakeGrafana:
    """What it holds; ``url`` once it runs."""

    url: str = ""
    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, Json] = field(default_factory=dict)  # uid to {dashboard, meta}
    writes: list[str] = field(default_factory=list)
    edited_before_write: int = 0  # how many edits come in just before the next save

    def answer(self, method: str, path: str, *, token: str, body: Json) -> Answer:
        if token not in TOKENS:
            return 401, {"message": "Invalid API key"}
        if method == "GET":
            return self._read(path)
        if TOKENS[token] == "Viewer":
            return 403, {"message": "You'll need additional permissions to perform this action."}
        self.writes.append(path)
        if path == "/api/folders":
            return self._add_folder(body)
        if path == "/api/dashboards/db":
            return self._save(body)
        return 404, {"message": "Not found"}

    def _read(self, path: str) -> Answer:
        kind, _, uid = path.removeprefix("/api/").rpartition("/")
        if kind == "folders" and uid in self.folders:
            return 200, {"uid": uid, "title": self.folders[uid]}
        if kind == "dashboards/uid" and uid in self.boards:
            return 200, self.boards[uid]
        return 404, {"message": "Not found"}

    def _add_folder(self, body: Json) -> Answer:
        if body["uid"] in self.folders or body["title"] in self.folders.values():
            return 409, {"message": "a folder with the same name already exists"}
        self.folders[body["uid"]] = body["title"]
        return 200, body

    def _save(self, body: Json) -> Answer:
        board, folder = body["dashboard"], body.get("folderUid", "")
        if board["uid"] in self.boards:
            self.boards[board["uid"]]["dashboard"]["version"] += self.edited_before_write
        fault = self._fault(board, folder, overwrite=body.get("overwrite", False))
        if fault:
            return fault
        version = board.get("version", 0) + 1 if board["uid"] in self.boards else 1
        kept = {**board, "id": 7, "version": version}
        meta = {"provisioned": False, "folderUid": folder}
        self.boards[board["uid"]] = {"dashboard": kept, "meta": meta}
        return 200, {"uid": board["uid"], "status": "success", "version": version}

    def _fault(self, board: Json, folder: str, *, overwrite: bool) -> Answer | None:
        held = self.boards.get(board.get("uid", ""))
        if not board.get("title") or not UID.fullmatch(board.get("uid", "")):
            return 400, {"message": "bad request data"}
        if folder not in self.folders:
            return 400, {"message": "folder not found", "status": "not-found"}
        if held and held["meta"]["provisioned"]:
            return 400, {"message": "Cannot save provisioned dashboard"}
        if held and not overwrite and held["dashboard"]["version"] != board.get("version"):
            said = "The dashboard has been changed by someone else"
            return 412, {"message": said, "status": "version-mismatch"}
        return None


@contextmanager
def run_fake() -> Iterator[FakeGrafana]:
    """Serve on a free loopback port."""
    grafana = FakeGrafana()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve({})

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _serve(self, body: Json) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, said = grafana.answer(self.command, self.path, token=token, body=body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - prescribed
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    grafana.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield grafana
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
