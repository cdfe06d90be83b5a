"""The reference of HTTP names every route and every limit."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from kgraph import media
from kgraph.server.app import create_app
from kgraph.server.limits import Limits

REFERENCE = (Path(__file__).parents[2] / "docs/reference/http.md").read_text(encoding="utf-8")


def test_every_route_is_in_the_reference(tmp_path):
    app = create_app(tmp_path)
    paths = {"/static/…" if path.startswith("/static/") else path for path in (*app.raw, *(route.path for route in app.routes))}
    assert not [path for path in paths if f"`{path}`" not in REFERENCE]


def test_every_route_is_described(tmp_path):
    app = create_app(tmp_path)
    paths = {path.replace(":path", "") for path in (*app.raw, *(route.path for route in app.routes))} - {"/openapi.json"}
    assert {path for path in paths if not path.startswith("/static/")} <= app.openapi()["paths"].keys()


def test_every_limit_is_in_the_reference():
    assert not [field.name for field in fields(Limits) if f"`{field.name}`" not in REFERENCE]


def test_every_form_is_in_the_reference():
    assert not [name for form in media.FORMATS for name in (form.media_type, *form.aliases) if f"`{name}`" not in REFERENCE]
