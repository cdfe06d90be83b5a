"""Mailboxes (mbox): a thread for each conversation, its first message the article."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, split, the_only

_FROM_LINE = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
_ID = re.compile(r"<[^<>\s]{1,300}>")
_ANSWER = re.compile(r"\A(?:\s*(?:re|aw|fwd?|sv|antw)\s*(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MailboxReader:
    name: str = "mbox"
    media_types: tuple[str, ...] = ("application/mbox", "message/rfc822")
    endings: tuple[str, ...] = (".mbox", ".mbx", ".eml")
    reads: str = "mailboxes and mailing list archives: a document for each conversation"

    def recognises(self, head: bytes) -> bool:
        return re.match(rb"From \S+.{0,20}\s.{0,60}\d\d:\d\d[^\n]*\n[\w-]+:", head) is not None

    def read(self, source: Source) -> Document:
        return the_only(source, _threads(source))

    def split(self, source: Source) -> Iterator[Source]:
        return split(source, _threads(source))


@dataclass(frozen=True, slots=True)
class _Mail:
    entry: Entry
    id: str
    parents: tuple[str, ...]
    subject: str


def _threads(source: Source) -> list[Thread]:
    starts = [found.end() for found in _FROM_LINE.finditer(source.content)]
    ends = [found.start() for found in _FROM_LINE.finditer(source.content)][1:]
    pieces = (
        [source.content[start:end] for start, end in zip(starts, [*ends, len(source.content)], strict=True)]
        if starts and not source.content[: starts[0]].partition(b"\n")[2].strip()
        else [source.content]
    )
    mails = [mail for number, piece in enumerate(pieces) if (mail := _mail(piece, number, source)) is not None]
    root_of: dict[str, str] = {}
    by_subject: dict[str, str] = {}
    conversations: dict[str, list[Entry]] = defaultdict(list)
    titles: dict[str, str] = {}
    for mail in mails:
        parent = next((id for id in mail.parents if id in root_of), None)
        root = root_of[parent] if parent else None
        plain = _ANSWER.sub("", mail.subject).casefold()
        if root is None and plain and plain != mail.subject.casefold():
            root = by_subject.get(plain)
        if root is None:
            root = mail.id
            by_subject.setdefault(plain, root)
            titles[root] = _ANSWER.sub("", mail.subject)
        root_of[mail.id] = root
        first = not conversations[root]
        entry = mail.entry
        conversations[root].append(
            Entry(
                content=entry.content,
                markup=entry.markup,
                id=mail.id,
                author=entry.author,
                created=entry.created,
                reply_to=parent if not first else None,
                kind=PostKind.ARTICLE if first else PostKind.COMMENT,
            )
        )
    return [Thread(entries=tuple(entries), title=titles[root] or None) for root, entries in conversations.items()]


def _mail(piece: bytes, number: int, source: Source) -> _Mail | None:
    try:
        message = message_from_bytes(piece.replace(b"\n>From ", b"\nFrom "), policy=policy.default)
        assert isinstance(message, EmailMessage)
        content, markup = _body(message)
        if not content.strip() or not message["From"]:
            return None
        name, address = parseaddr(str(message["From"]))
        references = _ID.findall(str(message["In-Reply-To"] or "")) + _ID.findall(str(message["References"] or ""))[::-1]
        ids = _ID.findall(str(message["Message-ID"] or ""))
        entry = Entry(
            content=content,
            markup=markup,
            author=name or address.partition("@")[0].partition(" at ")[0] or None,
            created=_created(str(message["Date"] or "")),
        )
        return _Mail(
            entry, ids[0] if ids else f"#{number}", tuple(references[:50]), " ".join(str(message["Subject"] or "").split())
        )
    except Exception as error:  # the standard library's mail parser lets its own errors through on malformed headers
        raise Rejected(source.name, f"message {number + 1} is malformed: {error}") from error


def _body(message: EmailMessage) -> tuple[str, str]:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return "", "text"
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        words = raw.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        words = raw.decode("cp1252", "replace")
    if part.get_content_subtype() == "html":
        return words, "html"
    signature = _SIGNATURE.search(words)
    return (words[: signature.start()] if signature else words), "text"


def _created(written: str) -> str | None:
    try:
        return parsedate_to_datetime(written).isoformat()
    except (ValueError, TypeError, IndexError):
        return None


reader = MailboxReader()
