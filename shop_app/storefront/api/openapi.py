"""The OpenAPI 3.1 document, made from the routes and their pydantic models."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shop_app.base.permissions import Permission
from shop_app.storefront.api.shapes import Page, Problem
from shop_app.web.area import shop_of

View = TypeVar("View", bound=Callable[..., Any])
_DOCUMENT = "_api_document"
_ABOUT = """\
`register` or `sign-in` gives a token for one device, which every other request carries as `Authorization: Bearer`; it
lives 180 days, and ends by `sign-out`, by `DELETE /devices/{login_id}`, with a change of the password and with the account:
then the answer is 401. Times are UTC. Money is in the minor unit of the currency that `me` names. Texts for people are in the language of
`Accept-Language`. What cannot be done is a problem (RFC 9457), and nothing is half done.
"""
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 64},
    "description": "A name of the app's own for this request, as a UUID. Sent again within 48 hours, it is done once.",
}  # fmt: skip
_QUERY: dict[str, dict[str, Any]] = {
    "page": {"schema": {"type": "integer", "minimum": 1, "default": 1}},
    "q": {
        "schema": {"type": "string", "maxLength": 100},
        "description": "Words of the name or description, or the barcode.",
    },
    "category": {"schema": {"type": "string"}},
    "sort": {
        "schema": {"type": "string", "enum": ["name", "-name", "price", "-price", "new", "-new"], "default": "name"}
    },
}


@dataclass(frozen=True)
class Document:
    """What one route takes and gives."""

    summary: str
    answer: type[BaseModel] | None = None
    listed: bool = False  # the answer is a page of a list
    body: type[BaseModel] | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    once: bool = False  # takes an Idempotency-Key
    media_type: str = ""  # of an answer that is no JSON


def documented(summary: str, **more: Any) -> Callable[[View], View]:
    """Say what a route takes and gives; stands below the route's own decorator."""

    def note(view: View) -> View:
        setattr(view, _DOCUMENT, Document(summary, **more))
        return view

    return note


def describe(app: Flask, area: str, shop_name: str) -> dict[str, Any]:
    """The document of all documented routes of an area."""
    routes = [
        (rule, vars(app.view_functions[rule.endpoint])[_DOCUMENT])
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{area}.") and _DOCUMENT in vars(app.view_functions[rule.endpoint])
    ]
    models: set[type[BaseModel]] = {m for _rule, d in routes for m in (d.answer, d.body) if m} | {Problem, Page}
    names, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=_name)],
        ref_template="#/components/schemas/{model}",
    )
    references = {model: reference["$ref"] for (model, _mode), reference in names.items()}
    paths: dict[str, dict[str, Any]] = {}
    for rule, document in sorted(routes, key=lambda route: route[0].rule):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        public = shop_of(app).access[rule.endpoint] is Permission.PUBLIC
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule, document, references, public=public)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{shop_name}: API for customers' apps", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"device": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(rule: Any, document: Document, references: dict[Any, str], *, public: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.rpartition(".")[2],
        "summary": document.summary,
        "security": [] if public else [{"device": []}],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}
                for name in sorted(rule.arguments)
            ),
            *({"name": name, "in": "query", "required": False, **_QUERY[name]} for name in document.query),
            *([_KEY] if document.once else []),
        ],
        "responses": {
            str(document.status): _answer(document, references),
            "default": {
                "description": "What was not done, and why.",
                "content": {"application/problem+json": {"schema": {"$ref": references[Problem]}}},
            },
        },
    }
    if document.body is not None:
        schema = {"schema": {"$ref": references[document.body]}}
        operation["requestBody"] = {"required": True, "content": {"application/json": schema}}
    return operation


def _answer(document: Document, references: dict[Any, str]) -> dict[str, Any]:
    if document.media_type:
        return {"description": document.summary, "content": {document.media_type: {}}}
    if document.answer is None:
        return {"description": "Done."}
    one = {"$ref": references[document.answer]}
    schema: dict[str, Any] = one
    if document.listed:
        rows = {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "array", "items": one}}}
        schema = {"allOf": [{"$ref": references[Page]}, rows]}
    return {"description": document.summary, "content": {"application/json": {"schema": schema}}}


def _name(model: type[BaseModel]) -> str:
    return model.__name__
