"""Who wrote which post, which post each answers, and whose words it repeats.

What the page's layout says is taken as it is. What it leaves out is concluded from words, and each such conclusion is kept
with its evidence, its signals and a confidence, so that it can be undone:

- Unheaded posts on a page whose comments are headed are its author's. Who that is, commenters tell: they call the author by
  name, or credit the article to somebody.
- A post answers whom it addresses first, then whom it quotes; one that does neither answers the article.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from kgraph import iris
from kgraph.extract.address import Address, Form, Participants, addresses, credited_authors, forms_of, straighten_same_length
from kgraph.extract.parse import ParsedPost
from kgraph.extract.quotations import Repetition, find_repetitions
from kgraph.extract.words import straighten
from kgraph.model.annotations import Account, Entity, EntityKind, IdentityInference, Judgement, Quotation, Reply
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, Post, PostKind, Span

_LAYOUT = Judgement(1.0, "layout")
_DEFAULT = Judgement(0.7, "default")

CREDITED, ADDRESSED, UNHEADED, SAME_NAME, SITE_NAME = "credited", "addressed", "unheaded", "same-name", "site-name"
FIRST_NAME, ANSWERS_COMMENTERS = "first-name", "answers-commenters"


@dataclass(frozen=True, slots=True)
class _Clue:
    name: str
    span: Span
    by: str
    signal: str
    weight: float


@dataclass(frozen=True, slots=True)
class _Owner:
    """The page's author: the person, the account of the unheaded posts, and what speaks for the person being that account's."""

    person: Entity
    account: Account
    inference: IdentityInference | None


def read_thread(document: Document, posts: Sequence[ParsedPost], *, rejected: Collection[str] = ()) -> Thread:
    """The thread of a document; `rejected` are ids of identity inferences that a curator has undone."""
    called = {parsed.post.id: addresses(document, parsed) for parsed in posts}
    people, accounts, authors, inferences = _writers(document, called, rejected)
    repetitions = find_repetitions(document)
    writer = {post: accounts[account].person for post, account in authors.items()}
    replies = _replies(document, called, repetitions, writer, people)
    return Thread(
        accounts=tuple(accounts.values()),
        authors=authors,
        replies=replies,
        quotations=tuple(_quotation(document, repetition, writer) for repetition in repetitions),
        inferences=tuple(inferences),
        people=tuple(people.values()),
    )


# Who wrote what -------------------------------------------------------------------------------------------------------


def person_id(document: Document, name: str) -> str:
    """A full name names one person everywhere; a single name, a handle among them, one person of this thread."""
    if len(name.split()) > 1:
        return iris.entity("person", name)
    return iris.entity("person", name, _scope(document))


def _scope(document: Document) -> str:
    return document.id.partition("/")[2]


def _account(document: Document, name: str, person: str) -> Account:
    site = document.site if document.site and len(name.split()) > 1 else _scope(document)
    return Account(id=iris.account(site, name), name=name, person=person)


def _writers(
    document: Document, called: Mapping[str, Sequence[Address]], rejected: Collection[str]
) -> tuple[dict[str, Entity], dict[str, Account], dict[str, str], list[IdentityInference]]:
    people: dict[str, Entity] = {}
    accounts: dict[str, Account] = {}
    authors: dict[str, str] = {}
    inferences: list[IdentityInference] = []

    def headed(name: str) -> Account:
        """The account of a heading; two spellings of one handle are one account."""
        account = _account(document, name, person_id(document, name))
        known = accounts.setdefault(account.id, account)
        people.setdefault(known.person, Entity(id=known.person, kind=EntityKind.PERSON, name=name))
        return known

    for post in document:
        if post.byline is not None:
            authors[post.id] = headed(post.byline.name).id
    for byline in document.pending:
        headed(byline.name)

    unheaded = [post for post in document if post.byline is None]
    if unheaded:
        if _unheaded_are_the_owners(document):
            owner = _owner(document, unheaded, called, people, authors, accounts, rejected)
            people.setdefault(owner.person.id, owner.person)
            accounts[owner.account.id] = owner.account
            authors.update((post.id, owner.account.id) for post in unheaded)
            if owner.inference is not None:
                inferences.append(owner.inference)
        else:
            for post in unheaded:
                person = _unknown(document, post)
                account = Account(
                    id=iris.account(_scope(document), f"unheaded {_place(post)}"), name="unheaded", person=person.id
                )
                people[person.id], accounts[account.id], authors[post.id] = person, account, account.id
    _owner_under_a_handle(document, called, people, accounts, authors, inferences, rejected)
    written = {account.person for account in accounts.values()}
    return {id: person for id, person in people.items() if id in written}, accounts, authors, inferences


def _unheaded_are_the_owners(document: Document) -> bool:
    """On a page whose comments are headed, one without a heading is the page's author speaking."""
    comments = [post for post in document if post.kind is PostKind.COMMENT]
    headed = sum(post.byline is not None for post in comments)
    return not comments or 2 * headed >= len(comments)


def _place(post: Post) -> str:
    """Which post of its page it is: `p3`."""
    return post.id.rpartition("#")[2]


def _unknown(document: Document, post: Post) -> Entity:
    what = document.title or document.site or _scope(document)
    place = _place(post)
    name = f"unknown author of {what}" if post.kind is PostKind.ARTICLE else f"unknown commenter {place} on {what}"
    return Entity(id=iris.entity("person", f"unheaded {place}", _scope(document)), kind=EntityKind.PERSON, name=name)


def _owner(
    document: Document,
    unheaded: Sequence[Post],
    called: Mapping[str, Sequence[Address]],
    people: Mapping[str, Entity],
    authors: Mapping[str, str],
    accounts: Mapping[str, Account],
    rejected: Collection[str],
) -> _Owner:
    account_id = iris.account(_scope(document), "unheaded")
    article = document.article
    signals: tuple[str, ...] = (UNHEADED,)
    evidence = tuple(post.span for post in unheaded if post.kind is PostKind.COMMENT)
    if article is not None and article.byline is not None:
        person = people[accounts[authors[article.id]].person]
        judgement = Judgement(0.85, "unheaded-reply")
    else:
        clues = _clues(document, called, authors, accounts)
        best = _most_supported(clues)
        if best is None:
            person = _unknown(document, unheaded[0])
            return _Owner(person, Account(id=account_id, name="unheaded", person=person.id), None)
        name, backing = best
        id = person_id(document, name)
        person = people.get(id, Entity(id=id, kind=EntityKind.PERSON, name=name))
        doubt = 1.0
        for clue in backing:
            doubt *= 1.0 - clue.weight
        judgement = Judgement(round(1.0 - doubt, 3), "author-by-address")
        signals = tuple(dict.fromkeys([*(clue.signal for clue in backing), *signals]))
        evidence = (*(clue.span for clue in backing), *evidence)
    inference = _inference(document, account_id, person, evidence, signals, judgement)
    if inference.id in rejected:
        unknown = _unknown(document, unheaded[0])
        return _Owner(unknown, Account(id=account_id, name="unheaded", person=unknown.id), None)
    return _Owner(person, Account(id=account_id, name="unheaded", person=person.id), inference)


def _inference(
    document: Document, account: str, person: Entity, evidence: tuple[Span, ...], signals: tuple[str, ...], judgement: Judgement
) -> IdentityInference:
    return IdentityInference(
        id=f"{document.id}#identity-{iris.digest(account, person.id)}",
        identifies=account,
        person=person.id,
        evidence=tuple(sorted(set(evidence))),
        signals=signals,
        judgement=judgement,
    )


def _clues(
    document: Document, called: Mapping[str, Sequence[Address]], authors: Mapping[str, str], accounts: Mapping[str, Account]
) -> list[_Clue]:
    """What commenters say of who wrote the page. A name that an earlier commenter goes by calls that commenter."""
    clues: list[_Clue] = []
    present = Participants({})
    comments = [post for post in document if post.kind is PostKind.COMMENT and post.byline is not None]
    for post in comments:
        writer = accounts[authors[post.id]].person
        present.add(writer, post.byline.name if post.byline else "")
        clues.extend(
            _Clue(address.name, address.span, writer, ADDRESSED, 0.35)
            for address in called[post.id]
            if address.form is not Form.AT and present.called(address.name) is None
        )
    for name, span in credited_authors(document, comments):
        clues.append(_Clue(name, span, "", CREDITED, 0.5))
    return clues


def _most_supported(clues: Sequence[_Clue]) -> tuple[str, list[_Clue]] | None:
    """The name with the most weight behind it, in its fullest form, and its clues, one of a kind and person; None on a tie."""
    backing: dict[str, list[_Clue]] = defaultdict(list)
    for clue in clues:
        backing[straighten(clue.name).casefold().split()[0]].append(clue)
    distinct = {
        first: list({(clue.by, clue.signal): clue for clue in reversed(of)}.values())[::-1] for first, of in backing.items()
    }
    ranked = sorted(distinct.items(), key=lambda entry: -sum(clue.weight for clue in entry[1]))
    if not ranked:
        return None
    if len(ranked) > 1 and sum(c.weight for c in ranked[0][1]) == sum(c.weight for c in ranked[1][1]):
        return None
    first, chosen = ranked[0]
    name = max((clue.name for clue in backing[first]), key=lambda name: (len(name.split()), len(name)))
    return name, sorted(chosen, key=lambda clue: clue.span)


def _owner_under_a_handle(
    document: Document,
    called: Mapping[str, Sequence[Address]],
    people: dict[str, Entity],
    accounts: dict[str, Account],
    authors: Mapping[str, str],
    inferences: list[IdentityInference],
    rejected: Collection[str],
) -> None:
    """A commenter whose handle is made of the author's name, or of the site's, is the author."""
    article = document.article
    if article is None or article.id not in authors:
        return
    author = people[accounts[authors[article.id]].person]
    for account in list(accounts.values()):
        if account.person == author.id or account.name == "unheaded":
            continue
        signals = _likeness(account.name, author.name, document.site) or _answers_for(
            account, author, document, called, authors, accounts
        )
        if not signals:
            continue
        evidence = tuple(
            post.byline.span if post.byline.span is not None else post.span
            for post in document
            if post.byline is not None and authors[post.id] == account.id
        )
        confidence = 0.7 if FIRST_NAME in signals else 0.95 if len(signals) > 1 else 0.8
        inference = _inference(document, account.id, author, evidence, signals, Judgement(confidence, "author-by-handle"))
        if evidence and inference.id not in rejected:
            inferences.append(inference)
            accounts[account.id] = Account(id=account.id, name=account.name, person=author.id)


def _answers_for(
    account: Account,
    author: Entity,
    document: Document,
    called: Mapping[str, Sequence[Address]],
    authors: Mapping[str, str],
    accounts: Mapping[str, Account],
) -> tuple[str, ...]:
    """Why somebody under the author's first name alone may be the author: each of their posts answers another commenter."""
    if account.name.casefold() != author.name.casefold().split()[0] or len(author.name.split()) == 1:
        return ()
    others = {one.person: one.name for one in accounts.values() if one.id != account.id}
    commenters = Participants({person: name for person, name in others.items() if person != author.id})
    own = [post for post in document if authors[post.id] == account.id]
    answers = all(any(commenters.called(address.name) for address in called[post.id] if address.first) for post in own)
    return (FIRST_NAME, ANSWERS_COMMENTERS) if own and answers else ()


def _likeness(handle: str, name: str, site: str | None) -> tuple[str, ...]:
    """Why a handle may be this author's: made of the whole name (`analima`, `alima`), or the site's own name with part of
    theirs.
    """
    parts = straighten(name).casefold().split()
    plain = "".join(character for character in handle.casefold() if character.isalnum())
    if len(plain) < 4 or not parts:
        return ()
    signals = []
    first, last = parts[0], parts[-1]
    if len(parts) > 1 and plain in {first + last, first[0] + last, first + last[0], last + first, last}:
        signals.append(SAME_NAME)
    site_words = {"".join(filter(str.isalnum, word)) for word in straighten(site or "").casefold().split()}
    shares_name = any(len(part) > 3 and (plain.startswith(part) or part.startswith(plain)) for part in parts)
    if plain in site_words and (shares_name or len(plain) > 5):
        signals.append(SITE_NAME)
    return tuple(signals)


# Which post each answers ----------------------------------------------------------------------------------------------


def _replies(
    document: Document,
    called: Mapping[str, Sequence[Address]],
    repetitions: Sequence[Repetition],
    writer: Mapping[str, str],
    people: Mapping[str, Entity],
) -> tuple[Reply, ...]:
    by_post: dict[str, list[Repetition]] = defaultdict(list)
    for repetition in repetitions:
        by_post[repetition.post].append(repetition)
    replies: list[Reply] = []
    latest: dict[str, str] = {}
    earlier = Participants({})
    article = document.article
    owner = writer[article.id] if article is not None else None
    for post in document:
        who = writer[post.id]
        if post is not article:
            reply = _parent(document, post, called[post.id], by_post[post.id], latest, earlier, people, owner, writer)
            if reply is not None:
                replies.append(reply)
        latest[who] = post.id
        earlier.add(who, people[who].name)
    return tuple(replies)


def _parent(
    document: Document,
    post: Post,
    called: Sequence[Address],
    repeated: Sequence[Repetition],
    latest: Mapping[str, str],
    earlier: Participants,
    people: Mapping[str, Entity],
    owner: str | None,
    writer: Mapping[str, str],
) -> Reply | None:
    """The post that this one answers: by layout, by whom it opens with, by whom it quotes, else the article."""
    if post.reply_to is not None:
        return Reply(post=post.id, parent=post.reply_to, judgement=_LAYOUT)
    article = document.article
    opening = _first(called, lambda address: address.first)
    quoted = next((r for r in repeated if r.marked or r.words >= 8), None)
    if opening is not None:
        person = earlier.called(opening.name)
        if person == owner or (person is None and article is not None and _calls_owner(opening, owner, people)):
            if article is not None and opening.form is not Form.AT:
                return Reply(post=post.id, parent=article.id, judgement=Judgement(0.85, "address"), evidence=(opening.span,))
        elif person is not None and person != writer[post.id]:
            return Reply(post=post.id, parent=latest[person], judgement=Judgement(0.95, "address"), evidence=(opening.span,))
    if quoted is not None:
        return Reply(post=post.id, parent=quoted.source_post, judgement=Judgement(0.9, "quotation"), evidence=(quoted.span,))
    if opening is not None and opening.form is Form.AT and owner is not None and earlier.called(opening.name) == owner:
        target = latest[owner]
        return Reply(post=post.id, parent=target, judgement=Judgement(0.8, "address"), evidence=(opening.span,))
    later = _first(called, lambda address: earlier.called(address.name) not in {None, owner, writer[post.id]})
    if later is not None:
        person = earlier.called(later.name) or ""
        return Reply(post=post.id, parent=latest[person], judgement=Judgement(0.75, "address"), evidence=(later.span,))
    named = _named_commenter(document, post, earlier, {owner, writer[post.id]})
    if named is not None:
        person, span = named
        return Reply(post=post.id, parent=latest[person], judgement=Judgement(0.65, "named"), evidence=(span,))
    return Reply(post=post.id, parent=article.id, judgement=_DEFAULT) if article is not None else None


_AS_NAMED = re.compile(
    r"\b(?:[Ll]ike|[Aa]s|(?:[Dd]isa|[Aa])greed? with|[Tt]o|[Ww]hat|\+1 (?:to|for)"
    r"|[Ww]ith) (?P<name>[A-Z][\w'-]+(?: [A-Z][\w'-]+)?)(?P<said> (?:said|says|pointed out|points out|mentioned|mentions"
    r"|wrote|writes|suggested|suggests|noted|notes)\b)?"
)


def _named_commenter(
    document: Document, post: Post, earlier: Participants, not_these: Collection[str | None]
) -> tuple[str, Span] | None:
    """An earlier commenter whose words a post takes up by name: `Like Ana said, …`, `I agree with Ben.`"""
    for match in _AS_NAMED.finditer(straighten_same_length(document.words(post.span))):
        person = earlier.called(match["name"])
        if person is not None and person not in not_these and (match["said"] or "gree" in match.group()):
            return person, Span(post.span.start + match.start("name"), post.span.start + match.end("name"))
    return None


def _first(called: Sequence[Address], wanted: Callable[[Address], bool]) -> Address | None:
    return next((address for address in called if wanted(address)), None)


def _calls_owner(address: Address, owner: str | None, people: Mapping[str, Entity]) -> bool:
    return owner is not None and address.name.casefold() in forms_of(people[owner].name)


def _quotation(document: Document, repetition: Repetition, writer: Mapping[str, str]) -> Quotation:
    span, source = repetition.span, repetition.source_span
    return Quotation(
        id=f"{document.id}#quotation-{span.start}-{span.end}",
        post=repetition.post,
        span=span,
        source_post=repetition.source_post,
        source_span=source,
        speaker=writer[repetition.source_post],
        fidelity=repetition.fidelity,
        judgement=Judgement(0.97 if repetition.marked else 0.85, "repetition"),
    )
