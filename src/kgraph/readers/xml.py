"""XML of others, read with entity expansion off and nothing fetched."""

from __future__ import annotations

from lxml import etree

from kgraph.errors import Rejected
from kgraph.model.text import Source


def parse_xml(source: Source) -> etree._Element:
    """The root element; `Rejected` where the bytes are no well-formed XML, or declare entities of their own."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(source.content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Rejected(source.name, f"is not well-formed XML: {error}") from None
    if root is None:
        raise Rejected(source.name, "holds no XML")
    document_type = root.getroottree().docinfo.internalDTD
    entities = document_type.iterentities() if document_type is not None else ()  # type: ignore[union-attr]
    if next(iter(entities), None) is not None:
        raise Rejected(source.name, "declares entities of its own, which are not expanded")
    return root


def local(element: etree._Element) -> str:
    """An element's name without its namespace; empty for what is no element."""
    name: object = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def child(element: etree._Element, *names: str) -> str | None:
    """The words of the first child of one of these names, whichever its namespace."""
    for name in names:
        for inner in element:
            if local(inner) == name and (inner.text or "").strip():
                return (inner.text or "").strip()
    return None
