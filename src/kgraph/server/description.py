"""What the endpoint says of itself: SPARQL 1.1 Service Description, made by a query, so in every form that answers have."""

from __future__ import annotations

import re

from kgraph.server.access import Access
from kgraph.server.asgi import Scope, header

_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_FORMATS = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "RDF_XML", "JSON-LD", "TriG", "N-Quads",
)  # fmt: skip


def address_of(scope: Scope, path: str = "/sparql") -> str:
    """The IRI of the endpoint, or of another path, as this client reached it."""
    host = header(scope, b"host")
    if not _HOST.fullmatch(host):
        name, port = scope["server"]
        host = f"{name}:{port}"
    return f"{scope['scheme']}://{host}{scope.get('root_path', '')}{path}"


def query(address: str, access: Access) -> str:
    """A CONSTRUCT of the description; an IRI for every node, so that it merges with what others say."""
    formats = " , ".join(f"<http://www.w3.org/ns/formats/{name}>" for name in _FORMATS)
    languages = "sd:SPARQL11Query , sd:SPARQL11Update" if access.write_token else "sd:SPARQL11Query"
    features = [
        *(["sd:UnionDefaultGraph"] if access.union is not False else []),
        *(["sd:EmptyGraphs"] if access.write_token else []),
        *(["sd:BasicFederatedQuery"] if access.service_hosts else []),
    ]
    said = f"sd:feature {' , '.join(features)} ;" if features else ""
    return f"""PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
CONSTRUCT {{
  <{address}> a sd:Service ;
    sd:endpoint <{address}> ;
    sd:supportedLanguage {languages} ;
    {said}
    sd:resultFormat {formats} ;
    sd:defaultDataset <{address}#dataset> .
  <{address}#dataset> a sd:Dataset ;
    sd:defaultGraph <{address}#default> ;
    sd:namedGraph ?named .
  <{address}#default> a sd:Graph .
  ?named a sd:NamedGraph ; sd:name ?graph .
}} WHERE {{
  {{ }} UNION {{ GRAPH ?graph {{ }} BIND(IRI(CONCAT("{address}#", ENCODE_FOR_URI(STR(?graph)))) AS ?named) }}
}}"""
