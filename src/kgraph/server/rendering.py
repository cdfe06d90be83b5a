"""Templates to pages. Everything that a template shows is escaped, and the policy that goes with a page allows no script."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from kgraph import __version__
from kgraph.server.asgi import Headers
from kgraph.server.pages import POLICY
from kgraph.vocab import PREFIXES

PAGE: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
]
_NAMESPACES = sorted(((namespace, prefix) for prefix, namespace in PREFIXES.items()), reverse=True)


def curie(iri: str) -> str:
    """`schema:name` where the namespace is one of ours, else the IRI."""
    for namespace, prefix in _NAMESPACES:
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("kgraph.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["urlquote"] = lambda text: quote(text, safe="")
    templates.filters["thousands"] = lambda number: f"{number:,}"
    templates.filters["percent"] = lambda number: f"{100 * float(number):.0f} %"
    templates.filters["curie"] = curie
    return templates


def render(template: str, **values: object) -> bytes:
    """The page as UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes a question mark."""
    page = _templates().get_template(template).render(version=__version__, **values)
    return page.encode("utf-8", "replace")
