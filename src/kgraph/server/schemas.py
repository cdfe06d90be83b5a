"""What JSON and parameters hold, in requests and answers, as JSON Schema (2020-12, which OpenAPI 3.1 speaks)."""

from __future__ import annotations

from typing import Any

from kgraph.server import negotiate
from kgraph.server.reconciliation import MOST_CANDIDATES, MOST_QUERIES

Schema = dict[str, Any]


def object_of(needed: str = "", /, **properties: Schema) -> Schema:
    """An object with these properties, of which those in `needed`, between spaces, are always there."""
    return {"type": "object", "properties": properties} | ({"required": needed.split()} if needed else {})


def list_of(items: Schema, **more: int) -> Schema:
    return {"type": "array", "items": items, **more}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def by_key(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def named(schema: str) -> Schema:
    """One of `SCHEMAS`, wherever the description is."""
    return {"$ref": f"#/components/schemas/{schema}"}


STRING, INTEGER, NUMBER, FLAG = ({"type": kind} for kind in ("string", "integer", "number", "boolean"))
IRI = {"type": "string", "format": "iri"}
COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
REFERENCE = {"type": "string", "format": "iri-reference"}
QUERY = {"type": "string", "examples": ["SELECT * { ?s ?p ?o } LIMIT 10"]}
UPDATE = {"type": "string", "examples": ["INSERT DATA { GRAPH <x:graph> { <x:subject> <x:predicate> 1 } }"]}
BATCH = {"type": "string", "contentMediaType": negotiate.JSON, "examples": ['{"q0": {"query": "Craigslist"}}']}
EXTENSION = {
    "type": "string",
    "contentMediaType": negotiate.JSON,
    "examples": ['{"ids": ["platform/craigslist"], "properties": [{"id": "schema:name"}]}'],
}
SCHEMAS: dict[str, Schema] = {
    "Problem": object_of("title status detail", title=STRING, status=INTEGER, detail=STRING, line=INTEGER, column=INTEGER),
    "Bindings": object_of(
        "head",
        head=object_of(vars=list_of(STRING)),
        results=object_of("bindings", bindings=list_of(by_key(object_of("type value", type=STRING, value=STRING)))),
        boolean=FLAG,
    ),
    "Found": object_of(
        "q kind total page pages results",
        q=STRING,
        kind=or_null(STRING),
        total=INTEGER,
        page=INTEGER,
        pages=INTEGER,
        results=list_of(
            object_of(
                "iri kind score text marked href by document",
                iri=IRI,
                kind=or_null(STRING),
                score=NUMBER,
                text=STRING,
                href=or_null(STRING),
                marked=list_of(list_of(INTEGER, minItems=2, maxItems=2)),
                by=list_of(object_of("name href", name=STRING, href=or_null(STRING))),
                document=or_null(object_of("title href", title=STRING, href=or_null(STRING))),
            )
        ),
    ),
    "NamedQueries": object_of(
        "prefixes queries",
        prefixes=by_key(STRING),
        queries=list_of(
            object_of(
                "name title question parameters query",
                **dict.fromkeys(("name", "title", "question", "query"), STRING),
                parameters=list_of(object_of("name meaning", name=STRING, meaning=STRING)),
            )
        ),
    ),
    "Manifest": object_of(
        "versions name identifierSpace schemaSpace",
        versions=list_of(STRING),
        **dict.fromkeys(("name", "identifierSpace", "schemaSpace"), STRING),
    ),
    "Candidates": list_of(object_of("id name score match", id=STRING, name=STRING, score=NUMBER, match=FLAG)),
    "Matches02": by_key(object_of("result", result=named("Candidates"))),
    "Matches10": object_of("results", results=list_of(object_of("candidates", candidates=named("Candidates")))),
    "Table": object_of("meta rows", meta=list_of(object_of("id name", id=STRING, name=STRING))),
    "Suggestions": object_of("result", result=named("Described")),
    "Proposals": object_of("type properties", type=STRING, properties=named("Described"), limit=COUNT),
    "Described": list_of(object_of("id name", id=STRING, name=STRING, description=STRING)),
    "Batch10": object_of(
        "queries",
        queries=list_of(
            object_of(
                "conditions",
                type=STRING,
                limit={"type": "integer", "minimum": 1, "description": f"{MOST_CANDIDATES} at most are given"},
                conditions=list_of(
                    object_of(
                        "matchType propertyValue",
                        matchType={"enum": ["name", "id", "property"]},
                        propertyId=STRING,
                        required=FLAG,
                        propertyValue=STRING,
                        matchQuantifier={"enum": ["any", "all", "none"]},
                    ),
                    minItems=1,
                ),
            ),
            maxItems=MOST_QUERIES,
        ),
    ),
    "Extension": object_of(
        "ids properties", ids=list_of(STRING), properties=list_of(object_of("id", id=STRING, settings={"type": "object"}))
    ),
}
