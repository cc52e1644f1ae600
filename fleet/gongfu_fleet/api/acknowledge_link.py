"""The page behind an acknowledge link: looking is free of effect, the form acknowledges.

A server-side page without scripts: it opens in any chat program's browser, signed in or not.
"""

from html import escape
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from gongfu_fleet.api.deps import ApiDeps, Deps
from gongfu_fleet.api.permissions import ANYBODY
from gongfu_fleet.api.problems import PROBLEMS, STATUS_OF
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.text import HAZARDS, SEVERITIES
from gongfu_fleet.errors import FleetError, InvalidError, NotFoundError
from gongfu_fleet.services.notify_links import (
    LONGEST_NAME,
    LONGEST_NOTE,
    AcknowledgeLinks,
    LinkedIncident,
    LinkPage,
)

router = APIRouter(
    prefix="/api/acknowledge", tags=["incidents"], dependencies=[ANYBODY], include_in_schema=True
)
MOST_SHOWN = 50
Token = Annotated[str, Path(min_length=20, max_length=80)]
# For the OpenAPI document: a refusal is a page too, but for a token that can be none.
PAGES: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type for it
    "default": {
        **PROBLEMS["default"],
        "content": {"text/html": {"schema": {"type": "string"}}, **PROBLEMS["default"]["content"]},
    }
}
FORM: dict[str, Any] = {  # Any: as above
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
                        "note": {"type": "string", "maxLength": LONGEST_NOTE},
                    },
                    "required": ["name"],
                }
            }
        },
    }
}
_FRAME = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>供富 · 确认告警</title>
<style>body{font:16px/1.5 sans-serif;max-width:34em;margin:1em auto;padding:0 1em}
li{margin:.4em 0}input,textarea,button{font:inherit;width:100%;box-sizing:border-box;
padding:.6em;margin:.3em 0}button{min-height:56px;font-weight:600}small{color:#555}</style>
<main>"""


@router.get("/{token}", response_class=HTMLResponse, responses=PAGES)
def look(token: Token, deps: Deps) -> HTMLResponse:
    """Show what the link stands for; changes nothing, however often it is opened."""
    try:
        return _page(_links(deps).look(token))
    except FleetError as error:
        return _sorry(error)


@router.post("/{token}", response_class=HTMLResponse, responses=PAGES, openapi_extra=FORM)
async def acknowledge(token: Token, request: Request, deps: Deps) -> HTMLResponse:
    """Acknowledge what still waits; a link does so once."""
    try:
        fields = parse_qs((await request.body()).decode(), max_num_fields=8)
        name, note = (fields.get(key, [""])[0] for key in ("name", "note"))
        page = await run_in_threadpool(_links(deps).acknowledge, token, name, note)
    except FleetError as error:
        return _sorry(error)
    except ValueError:
        return _sorry(InvalidError("The form cannot be read.", "Open the link again."))
    return _page(page, done=True)


def _links(deps: ApiDeps) -> AcknowledgeLinks:
    if deps.links is None:
        raise NotFoundError("There are no links here.", "Sign in and acknowledge there.")
    return deps.links


def _page(page: LinkPage, *, done: bool = False) -> HTMLResponse:
    title = (
        "<h1>已确认 <small>Acknowledged</small></h1>"
        if done
        else "<h1>告警 <small>Alarms</small></h1>"
    )
    items = "".join(f"<li>{_line(one)}</li>" for one in page.incidents[:MOST_SHOWN])
    left = len(page.incidents) - MOST_SHOWN
    more = f"<p>……另有 {left} 条 / and {left} more</p>" if left > 0 else ""
    body = f"{title}<ul>{items}</ul>{more}{_form(page)}"
    return HTMLResponse(f"{_FRAME}{body}</main></html>")


def _form(page: LinkPage) -> str:
    if not page.usable:
        return "<p>没有待确认的告警。 <small>Nothing waits to be acknowledged.</small></p>"
    return (
        '<form method="post"><label>姓名 <small>Your name</small>'
        f'<input name="name" required maxlength="{LONGEST_NAME}" autocomplete="name"></label>'
        "<label>备注 <small>Note</small>"
        f'<textarea name="note" rows="2" maxlength="{LONGEST_NOTE}"></textarea></label>'
        "<button>确认告警 Acknowledge</button></form>"
        "<p><small>此链接只能使用一次。 This link acts once.</small></p>"
    )


def _line(one: LinkedIncident) -> str:
    severity = SEVERITIES[Severity(one.severity)]
    name = escape(f"{one.asset_name} {one.asset}")
    state = "" if one.waits else " · 已确认"
    over = "" if one.running else " · 已恢复"
    hazard = escape(HAZARDS.get(one.hazard, one.hazard))
    peak = "" if one.peak_celsius is None else f"，峰值 {one.peak_celsius:.1f} ℃"
    return f"【{severity}】{name} {one.zone} 区 {hazard}{peak}{over}{state}"


def _sorry(error: FleetError) -> HTMLResponse:
    status = next((code for kind, (code, _) in STATUS_OF.items() if isinstance(error, kind)), 500)
    words = f"{escape(error.fault)} {escape(error.remedy)}"
    body = f"<h1>此链接无法使用</h1><p>请登录平台处理。</p><p><small>{words}</small></p>"
    return HTMLResponse(f"{_FRAME}{body}</main></html>", status)
