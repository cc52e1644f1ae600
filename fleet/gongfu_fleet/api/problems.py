"""Errors to answers: RFC 9457 problem details, translated here and nowhere else."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gongfu_fleet.api.edge import SECURITY_HEADERS
from gongfu_fleet.errors import (
    ConflictError,
    FleetError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignInError,
    TooManyAttemptsError,
)

log = logging.getLogger(__name__)

STATUS_OF: dict[type[FleetError], tuple[int, str]] = {
    SignInError: (401, "Sign-in needed"),
    ForbiddenError: (403, "Not allowed"),
    NotFoundError: (404, "Not found"),
    ConflictError: (409, "Not possible now"),
    InvalidError: (422, "Invalid value"),
    TooManyAttemptsError: (429, "Too many attempts"),
}
TITLES = {404: "Not found", 405: "Method not allowed", 413: "Too large", 415: "Not JSON"}
MAX_NAMED_FAULTS = 5
PROBLEM_TYPE = "application/problem+json"
# What every route may answer besides its good status; for the OpenAPI document.
PROBLEMS: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type for it
    "default": {
        "description": "A problem (RFC 9457): what went wrong and what to do about it.",
        "content": {
            PROBLEM_TYPE: {
                "schema": {
                    "title": "Problem",
                    "type": "object",
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "remedy": {"type": "string"},
                    },
                    "required": ["type", "title", "status", "detail", "remedy"],
                }
            }
        },
    }
}


def problem(
    status: int, title: str, *, detail: str, remedy: str, wait_s: int | None = None
) -> Response:
    """An application/problem+json answer; ``wait_s`` becomes Retry-After."""
    body = {
        "type": f"urn:gongfu:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "remedy": remedy,
    }
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    return JSONResponse(body, status, headers, media_type=PROBLEM_TYPE)


def install_problems(app: FastAPI) -> None:
    """Let every error of the app leave as a problem."""
    app.add_exception_handler(FleetError, _of_fleet)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_surprise)


def _of_fleet(_request: Request, error: Exception) -> Response:
    for kind, (status, title) in STATUS_OF.items():
        if isinstance(error, kind):
            wait_s = error.wait_s if isinstance(error, TooManyAttemptsError) else None
            return problem(status, title, detail=error.fault, remedy=error.remedy, wait_s=wait_s)
    log.error("a request failed: %s", error)
    return _failed()


def _of_validation(_request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    # The values themselves stay out of the answer: one of them may be a password.
    named = [
        f"{'.'.join(str(part) for part in fault['loc'][1:]) or 'body'}: {fault['msg']}"
        for fault in faults[:MAX_NAMED_FAULTS]
    ]
    return problem(
        422, "Invalid value", detail="; ".join(named), remedy="Correct the named values."
    )


def _of_http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title = TITLES.get(status, "Not possible")
    return problem(
        status, title, detail=f"{title}.", remedy="See /api/openapi.json for what there is."
    )


def _of_surprise(request: Request, error: Exception) -> Response:
    # The server logs the trace; this answer is made outside every middleware.
    log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    answer = _failed()
    answer.headers.update(SECURITY_HEADERS)
    return answer


def _failed() -> Response:
    return problem(
        500,
        "Internal error",
        detail="The platform failed at this request; it is in its log.",
        remedy="Try again; if it stays so, tell the operator the time of the request.",
    )
