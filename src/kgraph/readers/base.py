"""What a reader is, and what all readers share: refusing what is no text, and putting a document together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from charset_normalizer import from_bytes

from kgraph.errors import Rejected
from kgraph.model.text import Byline, Document, Source
from kgraph.readers.dates import xsd
from kgraph.readers.layout import Layout

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ENCODINGS = (
    *("cp1252", "cp1251", "cp1250", "cp932", "gb18030", "euc_jp", "euc_kr", "big5", "koi8_r", "iso8859_2", "iso8859_15"),
    *("cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8_u", "mac_roman"),
)
"""What pages were written in before UTF-8 (WHATWG Encoding Standard). Where two fit alike, it is the earlier, the commoner."""
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
"""What pages mean by the names of encodings (WHATWG Encoding Standard), where it is not what the names say."""
_MOST_CHAOS = 0.1
_CONTROLS = frozenset(map(chr, [*range(9), *range(14, 27), *range(28, 32), 127]))


@runtime_checkable
class Reader(Protocol):
    """Turns a source of its media types into a document. Registered under the entry points group `kgraph.readers`."""

    @property
    def name(self) -> str: ...

    @property
    def media_types(self) -> Sequence[str]:
        """The types it takes, the first being its own."""

    @property
    def endings(self) -> Sequence[str]:
        """How the names of its files end, with the dot."""

    @property
    def reads(self) -> str:
        """One line for people: which pages it reads."""

    def recognises(self, head: bytes) -> bool:
        """Whether a file's first bytes, up to 4 KB, say that it is this form and no other."""

    def read(self, source: Source) -> Document:
        """The document of a source, or `Rejected`."""


@runtime_checkable
class Container(Reader, Protocol):
    """A reader whose files hold several threads."""

    def split(self, source: Source) -> Iterator[Source]:
        """One source a thread, in the file's order; `Rejected` where the file cannot be read."""


def decode(source: Source, *, declared: str | None = None) -> str:
    """The source's text, by its byte order mark, as UTF-8, or else in the encoding that its bytes speak for clearly.

    `declared` is the encoding that the source itself names, believed where its bytes are not UTF-8. What is binary, empty or in
    no certain encoding is `Rejected`.
    """
    content = source.content
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return _checked(source, content[len(mark) :].decode(encoding))
            except UnicodeDecodeError as error:
                raise Rejected(
                    source.name, f"begins as {encoding} and is not: {error.reason} at byte {error.start + len(mark)}"
                ) from None
    if b"\0" in content:
        raise Rejected(source.name, "is binary, not text")
    try:
        return _checked(source, content.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if declared is not None:
        try:
            return _checked(source, content.decode(_ALIASES.get(declared.lower(), declared)))
        except (UnicodeDecodeError, LookupError):
            pass
    # A legacy encoding shows in its first lines as well as in all of them.
    sample = content[:65536]
    matches = from_bytes(sample, threshold=_MOST_CHAOS, cp_isolation=list(_ENCODINGS), enable_fallback=False)
    named = {name: match for match in matches for name in match.could_be_from_charset if name in _ENCODINGS}
    if not named:
        raise Rejected(source.name, "its encoding cannot be told", hint="save it as UTF-8")
    try:
        best = max(named, key=lambda name: (named[name].percent_coherence, -_ENCODINGS.index(name)))
        return _checked(source, content.decode(best))
    except UnicodeDecodeError:
        raise Rejected(source.name, "its encoding cannot be told", hint="save it as UTF-8") from None


def _checked(source: Source, text: str) -> str:
    if not text.strip():
        raise Rejected(source.name, "is empty" if not text else "holds only white space")
    sample = text[:65536]
    if sum(character in _CONTROLS for character in sample) > 0.01 * len(sample) or "\0" in text:
        raise Rejected(source.name, "is binary, not text")
    return text


def of_layout(source: Source, text: str, layout: Layout, *, language: str | None = None) -> Document:
    """The document of a text whose layout has been read; its posts' ids become references."""
    return Document(
        id=source.id,
        text=text,
        posts=tuple(
            replace(post, id=f"{source.id}#{post.id}", reply_to=post.reply_to and f"{source.id}#{post.reply_to}")
            for post in layout.posts
        ),
        sha256=hashlib.sha256(source.content).hexdigest(),
        media_type=source.media_type,
        title=layout.title,
        site=layout.site,
        url=source.url,
        language=language,
        pending=layout.pending,
    )


def with_credit(
    document: Document, *, title: str | None, author: str | None, created: str | None = None, language: str | None = None
) -> Document:
    """The document with what data beside its text says; of the article's author and date, only what the page leaves out."""
    document = replace(document, title=title or document.title, language=language or document.language)
    article = document.article
    if article is None:
        return document
    article = replace(
        article,
        byline=article.byline or (Byline(author) if author else None),
        created=article.created or (xsd(created) if created else None),
    )
    return replace(document, posts=(article, *document.posts[1:]))
