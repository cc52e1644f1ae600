"""The web bundle, when it was built; a plain page that says how to build it, when not."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gongfu_fleet.api.permissions import ANYBODY

NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>供富大篷车</title>
<h1>网页尚未构建</h1><p>平台正在运行，接口可用：<a href="/health">/health</a>、
<a href="/api/openapi.json">/api/openapi.json</a>。
构建网页：<code>make web</code>，然后重新启动。</p>
<h1>The pages are not built</h1><p>The platform runs and its API works. Build the pages with
<code>make web</code>, then start again.</p></html>"""


class Bundle(StaticFiles):
    """Files of the build: hashed assets never change, everything else is asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file with its caching rule."""
        response = await super().get_response(path, scope)
        forever = path.replace("\\", "/").startswith("assets/")
        rule = "public, max-age=31536000, immutable" if forever else "no-cache"
        response.headers["Cache-Control"] = rule
        return response


def install_pages(app: FastAPI, static: Path) -> None:
    """Serve the bundle at the root; API routes come first."""
    if (static / "index.html").is_file():
        app.mount("/", Bundle(directory=static, html=True), name="pages")
        return
    router = APIRouter(include_in_schema=False, dependencies=[ANYBODY])
    router.add_api_route("/", not_built, response_class=HTMLResponse)
    app.include_router(router)


def not_built() -> HTMLResponse:
    """The page that stands in for the pages."""
    return HTMLResponse(NOT_BUILT, headers={"Cache-Control": "no-cache"})
