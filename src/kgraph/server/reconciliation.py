"""The two versions of the Reconciliation API that the service speaks, 0.2 and 1.0-draft: what they ask, how they are told.

Both ask and tell the same (`kgraph.server.matching`) in other words. What neither version allows raises Problem (400).
https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/, https://reconciliation-api.github.io/specs/draft/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from kgraph import __version__
from kgraph.server.matching import ADDRESSES, Condition, Found, Quantifier, Query
from kgraph.server.names import Thing
from kgraph.server.properties import PROPERTIES, TYPE, TYPES, Property, Type, Value, kinds
from kgraph.server.responses import Problem

MOST_QUERIES = 250
"""Of one batch."""
MOST_CANDIDATES = 100
_PREVIEW = {"width": 430, "height": 190}

Json = Any
"""What `json` makes of a body: looked at here, and nowhere else."""
Table = Mapping[tuple[str, str], Sequence[Value]]
"""Values by the thing's reference and the property's id."""


class Version(Protocol):
    """One version of the API. `root` is the server's address, without a slash at its end."""

    def manifest(self, root: str, base: str) -> Json:
        """What the service is and can; the entities' names are built under `base`."""

    def queries(self, body: Json) -> dict[str, Query]:
        """The batch, by key."""

    def results(self, found: Mapping[str, Sequence[Found]]) -> Json:
        """The answer to a batch."""

    def table(self, asked: Extension, values: Table) -> Json:
        """The answer to a data extension query."""


class Extension:
    """A data extension query: which properties of which things. `settings` go with each property."""

    def __init__(self, body: Json) -> None:
        fields = _object(body, "a data extension query")
        self.ids = [_string(id, "an id") for id in _list(fields.get("ids"), "ids")]
        properties = [_object(one, "a property") for one in _list(fields.get("properties"), "properties")]
        self.properties = {
            _string(one.get("id"), "a property's id"): _object(one.get("settings", {}), "settings") for one in properties
        }

    def cell(self, id: str, property: str, values: Table) -> list[Json]:
        """One cell as both versions write it, cut or counted as the property's settings say."""
        settings = self.properties[property]
        found = values.get((id, property), ())
        if settings.get("count") in (True, "true", "on"):
            return [{"int": len(found)}]
        limit = _number(settings.get("limit") or 0, "the setting limit")
        return [
            {"str": value.words} if value.reference is None else {"id": value.reference, "name": value.words}
            for value in (found[:limit] if limit > 0 else found)
        ]


class Version02:
    """0.2: batches by key, in forms."""

    def manifest(self, root: str, base: str) -> Json:
        def service(path: str) -> dict[str, str]:
            return {"service_url": root, "service_path": f"/reconcile/{path}"}

        return {
            "versions": ["0.2"],
            **_identity(root, base),
            "view": {"url": f"{root}/{{{{id}}}}"},
            "preview": {"url": f"{root}/reconcile/preview?id={{{{id}}}}", **_PREVIEW},
            "suggest": {what: service(f"suggest/{what}") for what in ("entity", "property", "type")},
            "extend": {
                "propose_properties": service("extend/propose"),
                "property_settings": [_setting(one, name="label", help="help_text", id="name") for one in _SETTINGS],
            },
        }

    def queries(self, body: Json) -> dict[str, Query]:
        batch = _object(body, "a batch")
        _check_size(batch)
        return {key: self._query(_object(query, "a query")) for key, query in batch.items()}

    def _query(self, fields: Mapping[str, Json]) -> Query:
        _only(fields, {"query", "type", "limit", "properties", "type_strict"})
        properties = [_object(one, "a property") for one in _list(fields.get("properties", []), "properties")]
        if "query" not in fields and not properties:
            raise _bad("a query has a query or properties")
        strict = fields.get("type_strict", "should")
        if strict not in ("any", "all", "should"):
            raise _bad("type_strict is any, all or should")
        types = fields.get("type")
        asked = [_string(one, "a type") for one in (types if isinstance(types, list) else [types])] if types else []
        wanted = kinds(asked) if asked else None
        if wanted is not None and strict == "all" and len(set(asked)) > 1 and len(wanted) != 1:
            wanted = frozenset()  # nothing is of two kinds
        conditions = []
        for one in properties:
            id = _string(one.get("pid"), "a property's pid")
            if "v" not in one:
                raise _bad(f"the property {id} has no v")
            conditions.append(Condition(property=id, values=_values(id, one["v"])))
        return Query(
            names=_names(fields.get("query", "")),
            kinds=wanted,
            strict=strict != "should",
            conditions=tuple(conditions),
            limit=_limit(fields),
        )

    def results(self, found: Mapping[str, Sequence[Found]]) -> Json:
        return {key: {"result": [_candidate(one) for one in candidates]} for key, candidates in found.items()}

    def table(self, asked: Extension, values: Table) -> Json:
        return {
            "meta": _meta(asked),
            "rows": {id: {property: asked.cell(id, property, values) for property in asked.properties} for id in asked.ids},
        }


class Version10:
    """The draft of 1.0: batches in order, in JSON."""

    def manifest(self, root: str, base: str) -> Json:
        return {
            "versions": ["1.0-draft"],
            **_identity(root, base),
            "view": {"url": f"{root}/{{id}}"},
            "preview": _PREVIEW,
            "suggest": {"entity": True, "property": True, "type": True},
            "extend": {
                "proposeProperties": True,
                "propertySettings": [_setting(one, name="name", help="helpText", id="id") for one in _SETTINGS],
            },
            "standardizedScore": True,
        }

    def queries(self, body: Json) -> dict[str, Query]:
        batch = _list(_object(body, "a batch").get("queries"), "queries")
        _check_size(batch)
        return {str(place): self._query(_object(query, "a query")) for place, query in enumerate(batch)}

    def _query(self, fields: Mapping[str, Json]) -> Query:
        _only(fields, {"type", "limit", "lang", "dir", "conditions"})
        conditions = [_object(one, "a condition") for one in _list(fields.get("conditions"), "conditions")]
        if not conditions:
            raise _bad("a query has a condition at least")
        names, ids, properties = list[str](), list[str](), list[Condition]()
        for one in conditions:
            match_type = one.get("matchType")
            if "propertyValue" not in one:
                raise _bad("a condition has a propertyValue")
            value = one["propertyValue"]
            if match_type == "name":
                names += _values("schema:name", value)
            elif match_type == "id":
                ids += _values("", value)
            elif match_type == "property":
                id = _string(one.get("propertyId"), "a condition's propertyId")
                try:
                    quantifier = Quantifier(one.get("matchQuantifier", "any"))
                except ValueError as error:
                    raise _bad("matchQuantifier is any, all or none") from error
                required = one.get("required") is True
                properties.append(Condition(property=id, values=_values(id, value), required=required, quantifier=quantifier))
            else:
                raise _bad("matchType is name, id or property")
        type = fields.get("type")
        return Query(
            names=tuple(names),
            ids=tuple(ids),
            kinds=None if type is None else kinds([_string(type, "the type")]),
            strict=True,
            conditions=tuple(properties),
            limit=_limit(fields),
        )

    def results(self, found: Mapping[str, Sequence[Found]]) -> Json:
        return {"results": [{"candidates": [_candidate(one) for one in candidates]} for candidates in found.values()]}

    def table(self, asked: Extension, values: Table) -> Json:
        rows = [
            {"id": id, "properties": [{"id": one, "values": asked.cell(id, one, values)} for one in asked.properties]}
            for id in asked.ids
        ]
        return {"meta": _meta(asked), "rows": rows}


def suggested_things(things: Iterable[Thing]) -> Json:
    return {
        "result": [
            {"id": one.reference, "name": one.name, "description": one.description, "notable": [_type(TYPE[one.kind])]}
            for one in things
        ]
    }


def suggested(offered: Sequence[Type] | Sequence[Property], prefix: str, skip: int) -> Json:
    """The types or properties whose name, id or a word of them begins so."""
    wanted = prefix.strip().casefold()
    fitting = [
        {"id": one.id, "name": one.name, "description": one.description}
        for one in offered
        if any(
            words.casefold().startswith(wanted) for words in (one.id, one.id.rpartition(":")[2], one.name, *one.name.split())
        )
    ]
    return {"result": fitting[skip:]}


def proposed(type: str, limit: int | None) -> Json:
    """The properties that things of this type can have; all where it is none of ours."""
    wanted = kinds([type])
    fitting = [
        {"id": one.id, "name": one.name, "description": one.description}
        for one in PROPERTIES
        if not wanted or wanted & one.kinds
    ]
    return {"type": type, "properties": fitting[:limit], **({} if limit is None else {"limit": limit})}


def parse(text: str | bytes) -> Json:
    """Raises Problem where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(f"this is no JSON: {error}") from error


_SETTINGS: tuple[dict[str, Json], ...] = (
    {"id": "limit", "name": "Limit", "help": "The most values of a cell, 0 for all", "type": "number", "default": 0},
    {"id": "count", "name": "Count", "help": "Their number instead of the values", "type": "checkbox", "default": False},
)


def _setting(setting: Mapping[str, Json], **called: str) -> Json:
    return {called.get(field, field): value for field, value in setting.items()}


def _identity(root: str, base: str) -> dict[str, Json]:
    return {
        "name": "kgraph",
        "identifierSpace": base,
        "schemaSpace": "https://w3id.org/kgraph#",
        "documentation": f"{root}/",
        "serviceVersion": __version__,
        "defaultTypes": [_type(type) for type in TYPES],
        "batchSize": MOST_QUERIES,
    }


def _type(type: Type) -> dict[str, str]:
    return {"id": type.id, "name": type.name}


def _candidate(found: Found) -> Json:
    thing = found.thing
    return {
        "id": thing.reference,
        "name": thing.name,
        "description": thing.description,
        "type": [_type(TYPE[thing.kind])],
        "score": found.score,
        "match": found.match,
        "features": [{"id": one.id, "name": one.name, "value": one.value} for one in found.features],
    }


def _meta(asked: Extension) -> list[Json]:
    known = {one.id: one.name for one in PROPERTIES}
    return [{"id": id, "name": known.get(id, id)} for id in asked.properties]


def _values(property: str, value: Json) -> tuple[str, ...]:
    """The values of a condition in words; of another entity its name, or its id where that is what is compared."""
    found = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            id = _string(one.get("id"), "a value's id")
            found.append(id if property in ADDRESSES or not isinstance(one.get("name"), str) else one["name"])
        elif isinstance(one, str | int | float):
            found.append(str(one))
        else:
            raise _bad("a value is a text, a number, a boolean or an entity")
    return tuple(map(_clean, found))


def _names(query: Json) -> tuple[str, ...]:
    name = _string(query, "the query")
    return (name,) if name.strip() else ()


def _limit(fields: Mapping[str, Json]) -> int:
    limit = _number(fields.get("limit", 10), "the limit")
    if limit < 1:
        raise _bad("the limit is a positive integer")
    return min(limit, MOST_CANDIDATES)


def _number(value: Json, what: str) -> int:
    try:
        number = float(value)
        if not isinstance(value, bool) and number == int(number):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise _bad(f"{what} is an integer")


def _object(value: Json, what: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _bad(f"{what} is a JSON object")
    return value


def _list(value: Json, what: str) -> list[Json]:
    if not isinstance(value, list):
        raise _bad(f"{what} is a list")
    return value


def _string(value: Json, what: str) -> str:
    if not isinstance(value, str):
        raise _bad(f"{what} is a text")
    return _clean(value)


def _clean(text: str) -> str:
    """Without the lone surrogates that JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _only(fields: Mapping[str, Json], allowed: set[str]) -> None:
    if unknown := sorted(fields.keys() - allowed):
        raise _bad(f"a query has no field {_clean(unknown[0])!r}")


def _check_size(batch: Sequence[Json] | Mapping[str, Json]) -> None:
    if len(batch) > MOST_QUERIES:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a batch holds {MOST_QUERIES} queries at most")


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, detail)
