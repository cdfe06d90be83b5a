"""Posts in a text, told by how the page is laid out.

People lay out a thread in few ways: a bullet with a name and what they said set in below; a rule with a name in it; `Name
says:`; a name beside a date. One such line proves nothing, since essays hold lists and quote people. So candidates are
gathered over the whole page, and a way of heading counts where it recurs or says enough by itself, heads bodies, and leaves
no prose unclaimed after it.

Every step looks at each line a bounded number of times.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kgraph.model.text import Byline, Post, PostKind, Span
from kgraph.readers.dates import HINT as _DATE_HINT
from kgraph.readers.dates import created
from kgraph.readers.headings import REACH, Form, Head, credit, date_line, is_name, is_odd_name, is_telling_name, parse
from kgraph.readers.lines import MOST_LINES, Line, is_rule, lines_of
from kgraph.readers.quoting import quoted_in

_BULLET = re.compile(
    r"(?:(?P<mark>[•◦‣▪●○∙⁃](?![•◦‣▪●○∙⁃])|[·*+–—-](?=\s))|(?:\(?(?P<number>\d{1,4})[.)]|#(?P<hash>\d{1,5})[.:)]?)(?=\s))"
    r"[ \t\u00a0]*(?=\S)"
)
_POSTS = r"(?:comments?|responses?|repl(?:y|ies)|thoughts?|reactions?|answers?)"
_COUNT_LINE = re.compile(
    rf"\W*(?:(?:all|show(?:ing)?)\s)?(?:\d[\d,.]*|no|one)\s(?:(?:user|reader)\s)?{_POSTS}\b.{{0,150}}\Z|\W*(?:{_POSTS}|discussion)\W*\d*\W*\Z",
    re.IGNORECASE,
)
_CLOSING_LINE = re.compile(
    r"(?:leave|add|post|write|submit)\s(?:a|your)\s(?:\w+\s)?(?:comment|reply|response)\b.{0,40}\Z|comments\s(?:are|have\sbeen)\s(?:now\s)?closed\W*\Z",
    re.IGNORECASE,
)
_HINT = re.compile(r"[:…](?:\s|\Z)|\A\W*[\[<#]|\.\.\.|\A([-=*~#+—–])\1|\bby\s", re.IGNORECASE)
_TITLE_LENGTH = 120
_SHORT = 80
_RECENT = 20
"""How many posts of a person are looked through for the one that a heading means."""
_DEPTHS = 6
"""Depths at which a thread of names over set-in bodies may start."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the layout tells of a page: `posts` in order, `pending` the names that head nothing."""

    title: str | None
    site: str | None
    posts: tuple[Post, ...]
    pending: tuple[Byline, ...]


@dataclass(slots=True)
class _Item:
    """A line that may head a post: `at` is where its words start after the bullet, `bullet` its mark."""

    line: int
    at: int
    bullet: str
    head: Head | None
    kind: str = ""
    indent: int = 0
    first: int = 0
    """Number of the first line below the heading (and the date under it)."""
    created: str | None = None
    number: int | None = None


@dataclass(slots=True)
class _Front:
    title: str | None = None
    site: str | None = None
    byline: Byline | None = None
    created: str | None = None
    next: int = 0
    titles: list[int] = field(default_factory=list)


def read_layout(text: str, *, headings: Mapping[int, int] | None = None) -> Layout:
    """The posts of a text; without a thread, the article alone. The text holds words.

    `headings` are the levels of the lines that markup makes headings, by where their words start.
    """
    return _Page(text, headings or {}).read()


def _with_next(items: Sequence[_Item]) -> list[tuple[_Item, _Item | None]]:
    """Each with the one after it, the last with None."""
    return [(item, items[at + 1] if at + 1 < len(items) else None) for at, item in enumerate(items)]


class _Page:
    """One text on its way to posts."""

    def __init__(self, text: str, headings: Mapping[int, int]) -> None:
        self.text = text
        self.headings = headings
        self.lines: list[Line] = lines_of(text)
        if len(self.lines) > MOST_LINES:
            self.lines = []

    def words(self, number: int, start: int | None = None) -> str:
        line = self.lines[number]
        return self.text[line.start if start is None else start : line.end]

    def read(self) -> Layout:
        if not self.lines:
            whole = Span(len(self.text) - len(self.text.lstrip()), len(self.text.rstrip()))
            return Layout(None, None, (Post(id="p0", kind=PostKind.ARTICLE, span=whole),), ())
        self.front = self._front()
        self.quoted = [self.text[line.start] == ">" for line in self.lines]
        found, bare = self._flat()
        flat = self._strong(found)
        listed = self._listed({item.line for item in flat})
        if not listed and not flat:
            listed = self._set_in()
        if not listed and len(flat) < 2:
            flat = self._weak(found, bare) or flat or self._alone(found.get("said", []))
        items = self._together(flat, listed)
        layout = self._posts(items)
        return layout if layout.posts else self._posts([])

    # The top of the page ----------------------------------------------------------------------------------------------

    def _front(self) -> _Front:
        front = _Front()
        number = 0
        titles: list[int] = front.titles
        dated = False
        while number < min(len(self.lines), 12):
            line = self.lines[number]
            words = self.words(number)
            if is_rule(words):
                number += 1
                continue
            if len(line) > 180:
                break
            credited = credit(words) if number or len(self.lines) > 1 else None
            if (
                credited is not None
                and (titles or credited.name is None or number == 0)
                and (front.byline is None or credited.name is None)
            ):
                if credited.name is not None and not self._stands_alone(number):
                    break
                if credited.name is not None:
                    span = Span(line.start + credited.start, line.start + credited.end)
                    front.byline = Byline(credited.name, span)
                    front.site = credited.site or front.site
                front.created = credited.created or front.created
                dated = True
                number += 1
                continue
            if front.byline is not None or dated or len(titles) >= 3 or not self._is_title(number):
                break
            titles.append(number)
            number += 1
        while number < len(self.lines) and is_rule(self.words(number)):
            number += 1
        front.next = number
        if number >= len(self.lines):
            return _Front()
        if titles:
            front.title = self._title(titles[-1])
            if len(titles) > 1 and front.site is None:
                front.site = self._title(titles[0])
        return front

    def _title(self, number: int) -> str:
        return self.words(number).strip("#*_= \t")

    def _stands_alone(self, number: int) -> bool:
        """Whether nothing follows directly that would make this line the first of a paragraph."""
        return number + 1 >= len(self.lines) or self.lines[number + 1].after_blank or len(self.lines[number]) < _SHORT

    def _is_title(self, number: int) -> bool:
        line = self.lines[number]
        words = self.words(number)
        if line.start in self.headings:
            return self.headings[line.start] == min(self.headings.values())
        if len(words) > _TITLE_LENGTH or len(words.split()) > 16 or words[0] in ">@" or _BULLET.match(words):
            return False
        if len(words) < 40 and _COUNT_LINE.match(words):
            return False
        ends_like_prose = words[-1] in ".,;:" or words[0] in '“"'
        if number + 1 >= len(self.lines):
            return not ends_like_prose
        below = self.words(number + 1)
        if is_rule(below):
            return True
        if len(below) <= REACH:
            credited = credit(below)
            if credited is not None and credited.name is not None:
                return True
        if ends_like_prose:
            return False
        if self.lines[number + 1].after_blank:
            return True
        # Site, title and by-line may stand on lines of their own in one block, which prose does not look like.
        for at in range(number + 1, min(number + 4, len(self.lines))):
            line, words = self.lines[at], self.words(at)
            if line.after_blank:
                return len(self.words(number)) <= 60
            if len(line) <= REACH and credit(words) is not None:
                return True
            if len(words) > 60 or words[-1] in ".,;:" or words[0].islower():
                return False
        return False

    # Headings without bullets -----------------------------------------------------------------------------------------

    def _flat(self) -> tuple[Mapping[str, list[_Item]], list[_Item]]:
        """The lines that may head a post by their own words, by family, and those that markup or a rule makes bare headings."""
        found: dict[str, list[_Item]] = defaultdict(list)
        bare: list[_Item] = []
        for number in range(self.front.next if self.front.byline or self.front.titles else 0, len(self.lines)):
            line = self.lines[number]
            if self.quoted[number]:
                continue
            level = self.headings.get(line.start)
            words = self.text[line.start : min(line.end, line.start + 240)]
            if len(words) <= _SHORT and level is None and self._date_below(number) and is_name(words.strip("*_ ")):
                self._add(found["name"], number, parse(words))
                continue
            if level is not None or (len(words) <= _SHORT and number and is_rule(self.words(number - 1))):
                head = parse(words)
                if head is not None and head.form is Form.NAME:
                    self._add(bare, number, head)
                    continue
            if not (_HINT.search(words) or _DATE_HINT.search(words)) or (_BULLET.match(words) and not words.startswith("#")):
                continue
            head = self._wrapped_mail(number) or parse(words)
            if head is None and len(line) <= _TITLE_LENGTH and (line.after_blank or is_rule(self.words(number - 1))):
                head = parse(words, odd=True)
            if head is None or head.form is Form.NAME or (head.body is None and len(line) > REACH):
                continue
            if head.odd and (head.body is not None or not (head.dated or head.form in {Form.SAID, Form.FENCE})):
                continue
            self._add(found[self._family(head)], number, head)
        return found, bare

    def _add(self, items: list[_Item], number: int, head: Head | None) -> None:
        if head is None:
            return
        line = self.lines[number]
        item = _Item(number, line.start, "", head, indent=line.indent, first=number + 1, created=head.created)
        if self.text.startswith("On", line.start) and head.form is Form.MAIL and head.body is None and self._is_cut(number):
            item.first += 1
        self._skip_date(item)
        items.append(item)

    def _skip_date(self, item: _Item) -> None:
        """Takes the date and the rule that stand between a heading and the body into the heading."""
        for _ in range(2):
            if item.first >= len(self.lines) or (item.head is not None and item.head.body is not None):
                return
            words = self.words(item.first)
            date = date_line(words)
            if date is not None and item.created is None:
                item.created = created(date)
            elif not is_rule(words) or (item.first + 1 < len(self.lines) and self.lines[item.first].after_blank):
                return
            item.first += 1

    def _date_below(self, number: int) -> bool:
        line = self.lines[number]
        below = number + 1
        if (
            below >= len(self.lines)
            or len(self.lines[below]) > 100
            or not (line.after_blank or is_rule(self.words(number - 1)))
        ):
            return False
        return date_line(self.words(below)) is not None

    def _is_cut(self, number: int) -> bool:
        words = self.words(number)
        return not words.rstrip().endswith((":", "…", "..."))

    def _wrapped_mail(self, number: int) -> Head | None:
        """An attribution that a mail program broke over two lines."""
        line = self.lines[number]
        if not self.text.startswith("On ", line.start) or number + 1 >= len(self.lines) or not self._is_cut(number):
            return None
        below = self.lines[number + 1]
        if below.after_blank or not self.text.endswith("wrote:", below.start, below.end) or below.end - line.start > 178:
            return None
        head = parse(self.text[line.start : below.end].replace("\n", " ").replace("\r", " "))
        return head if head is not None and head.form is Form.MAIL else None

    @staticmethod
    def _family(head: Head) -> str:
        return f"{head.form.name.lower()}{'+' if head.body is not None else ''}"

    def _has_body(self, item: _Item, after: _Item | None) -> bool:
        if item.head is not None and item.head.body is not None:
            return True
        return item.first < (after.line if after is not None else len(self.lines))

    def _strong(self, found: Mapping[str, list[_Item]]) -> list[_Item]:
        found = {family: self._in_one_manner(items) for family, items in found.items()}
        every = sorted((item for items in found.values() for item in items), key=lambda item: item.line)
        following = {item.line: after for item, after in _with_next(every)}
        strong: list[_Item] = []
        for family in ("fence", "said", "said+", "dated", "dated+", "by", "from", "name", "fence+"):
            items = [item for item in found.get(family, []) if self._has_body(item, following[item.line])]
            if items and self._is_strong(family, items):
                # A heading that the page ends after, or that another follows, still heads a comment whose body is lacking.
                strong.extend(found[family])
        strong.extend(self._mail([*found.get("mail", []), *found.get("mail+", [])], bool(strong)))
        strong.sort(key=lambda item: item.line)
        return strong

    def _alone(self, items: list[_Item]) -> list[_Item]:
        """The one `Name says:` of a page, if it is no essay's: that sets what it quotes in a paragraph of its own."""
        if len(items) != 1 or items[0].head is None or items[0].first >= len(self.lines) or not self._opens(items[0]):
            return []
        below = self.lines[items[0].first]
        ellipsis = items[0].head.trailing in {"…", "..."}
        return items if (ellipsis or not below.after_blank) and not self._is_attribution(items[0]) else []

    @staticmethod
    def _in_one_manner(items: list[_Item]) -> list[_Item]:
        """The headings of a form without those in a manner of their own where others share one, and odd names in none."""
        manners = Counter(item.head.manner for item in items if item.head is not None and not item.head.odd)
        least = 1 if len(items) < 4 else max(2, len(items) // 10)
        return [item for item in items if item.head is not None and manners[item.head.manner] >= least]

    def _is_strong(self, family: str, items: list[_Item]) -> bool:
        """Whether these headings of one form head posts: by what they say, or because they recur."""
        first = items[0]
        head = first.head
        assert head is not None
        counted = any(self._after_count_line(item) for item in items)
        if family.startswith("fence"):
            return len(items) > 1 or head.dated or bool(head.trailing)
        if family == "name":
            return len(items) > 1 or self._has_article_before(first)
        if family == "from":
            return len(items) > 1
        if family == "by":
            return len(items) > 1 or counted or (head.dated and self._has_article_before(first))
        if family == "dated":
            if len({item.head.name for item in items if item.head}) == 1 and not is_telling_name(head.name) and not counted:
                return False  # an article's own updates, say
            return len(items) > 1 or counted or (self._has_article_before(first) and self._opens(first))
        if family == "dated+":
            return (len(items) > 1 or counted) and self._share_of_paragraphs(items) >= 0.5
        if family == "said+":
            if head.dated and (len(items) > 1 or counted):
                return True
            plain = sum(self._opens_with_quote(item) for item in items)
            return len(items) > 2 and 2 * plain < len(items) and self._share_of_paragraphs(items) >= 0.7
        if counted or (head.dated and not self._is_attribution(first)):
            return True
        attributions = sum(self._is_attribution(item) for item in items)
        if 2 * attributions >= len(items) and not any(item.indent for item in items):
            return False
        return len(items) > 1 or head.to is not None

    def _opens_with_quote(self, item: _Item) -> bool:
        assert item.head is not None
        return item.head.body is not None and self.text[item.at + item.head.body] in '“"«„'

    def _opens(self, item: _Item) -> bool:
        return self.lines[item.line].after_blank or item.line == 0 or is_rule(self.words(item.line - 1))

    def _has_article_before(self, item: _Item) -> bool:
        return item.line > self.front.next

    def _after_count_line(self, item: _Item) -> bool:
        return item.line > 0 and self._is_count_line(item.line - 1)

    def _is_count_line(self, number: int) -> bool:
        line = self.lines[number]
        return len(line) < 100 and (line.after_blank or number == 0) and _COUNT_LINE.match(self.words(number)) is not None

    def _is_attribution(self, item: _Item) -> bool:
        """Whether the line only introduces a quotation: a marked one stands below, and then prose at the line's own depth."""
        below = item.first
        if below >= len(self.lines) or (item.head is not None and item.head.body is not None):
            return False
        if self.quoted[below]:
            return True
        words = self.words(below)
        end = below + 1
        while end < len(self.lines) and not self.lines[end].after_blank:
            end += 1
        last = self.words(end - 1)
        return words[0] in '“"«„' and last[-1] in '”"»' and end < len(self.lines) and self.lines[end].indent <= item.indent

    def _mail(self, items: list[_Item], others: bool) -> list[_Item]:
        """`On DATE, Name wrote:` heads a post, or introduces what a post quotes: the words that follow tell which.

        Where they are another's (they stand earlier on the page) the line heads the post that quotes them. Where they are
        not, the line introduces them, unless headings of this form hold posts' own words as well.
        """
        items.sort(key=lambda item: item.line)
        quoting = [item for item in items if item.first < len(self.lines) and self.quoted[item.first]]
        if not quoting:
            return items
        own = [item for item in items if item.first >= len(self.lines) or not self.quoted[item.first]]
        if others and not own:
            return []
        repeated = self._said_before(quoting)
        if own or 2 * repeated >= len(quoting) > 0:
            return items if repeated or len(own) >= len(quoting) else own
        bodies = all(
            all(self.quoted[number] for number in range(item.first, after.line if after else len(self.lines)))
            for item, after in _with_next(items)
        )
        return items if bodies and len(items) > 1 else []

    def _said_before(self, items: list[_Item]) -> int:
        """How many of these headings are followed by quoted words that stand earlier on the page."""
        wanted: dict[tuple[str, ...], int] = {}
        for item in items:
            words = re.findall(r"\w+", self.words(item.first)[:400].casefold())[:5]
            if len(words) >= 3:
                wanted.setdefault(tuple(words), item.line)
        found: set[tuple[str, ...]] = set()
        lengths = {len(key) for key in wanted}
        window: list[str] = []
        if not wanted:
            return 0
        for number in range(max(wanted.values())):
            if self.quoted[number]:
                continue
            for word in re.findall(r"\w+", self.words(number).casefold()):
                window = [*window[-4:], word]
                for length in lengths:
                    key = tuple(window[-length:])
                    if wanted.get(key, -1) > number:
                        found.add(key)
        return len(found)

    def _weak(self, found: Mapping[str, list[_Item]], bare: list[_Item]) -> list[_Item]:
        """Headings that say no more than a name: taken only where the page repeats them to its end."""
        for family, least in (("bracket", 2), ("colon", 2), ("bracket+", 3), ("colon+", 3)):
            items = [item for item in found.get(family, []) if self._opens(item) or family.endswith("+")]
            if not items:
                continue
            counted = self._after_count_line(items[0])
            if len(items) < (1 if counted else least) or not self._look_like_names(
                items, counted, 0.5 if family == "bracket" else 0.8
            ):
                continue
            if family.endswith("+") and self._share_of_paragraphs(items) < 0.7:
                continue
            if family.startswith("colon") and not counted and (self._is_introduced(items[0]) or self._story_goes_on(items)):
                continue
            if family == "bracket" and not self._head_sentences(items):
                continue
            return items
        return self._named_by_markup(bare)

    def _story_goes_on(self, items: list[_Item]) -> bool:
        """Whether more paragraphs follow the last heading than any other: an essay goes on after a dialogue."""
        paragraphs = [
            sum(self.lines[number].after_blank for number in range(item.line + 1, after.line if after else len(self.lines)))
            for item, after in _with_next(items)
        ]
        return paragraphs[-1] > max(paragraphs[:-1], default=0) + 1

    def _head_sentences(self, items: list[_Item]) -> bool:
        """Whether what most of these head begins as sentences do: brackets also mark lines of code."""
        firsts = [self.words(item.first) for item in items if item.first < len(self.lines)]
        return 2 * sum(words[0].isupper() or words[0] in '“"@>' for words in firsts) > len(firsts)

    def _named_by_markup(self, bare: list[_Item]) -> list[_Item]:
        """Bare names that are headings in the markup, or stand under rules."""
        under_rules = [item for item in bare if self.lines[item.line].start not in self.headings]
        if len(under_rules) > 1 and self._look_like_names(under_rules, False):
            return under_rules
        by_level: dict[int, list[_Item]] = defaultdict(list)
        for item in bare:
            level = self.headings.get(self.lines[item.line].start)
            if level is not None:
                by_level[level].append(item)
        for level, items in sorted(by_level.items(), reverse=True):
            counted = next((item for item in items if self._after_count_line(item)), None)
            if counted is not None:
                after = [item for item in items if item.line >= counted.line]
                deeper = [item for under, of in by_level.items() if under > level for item in of if item.line > counted.line]
                return sorted([*after, *deeper], key=lambda item: item.line)
            names = Counter(item.head.name for item in items if item.head)
            if len(items) > 2 and len(names) < len(items) and self._look_like_names(items, False):
                return items
        return []

    def _look_like_names(self, items: Sequence[_Item], counted: bool, share: float = 0.8) -> bool:
        names = Counter(item.head.name for item in items if item.head)
        if counted:
            return True
        telling = sum(is_telling_name(name) for name in names)
        speaks_again = sum(count > 1 for count in names.values())
        return len(names) > 1 and (
            telling >= share * len(names) or (speaks_again > 0 and 2 * (speaks_again + telling) >= len(names))
        )

    def _share_of_paragraphs(self, items: Sequence[_Item]) -> float:
        """The share of paragraphs, or of lines where no blank lines stand between, that begin with one of these headings."""
        first = items[0].line
        heads = {item.line for item in items}
        spaced = sum(self.lines[number].after_blank for number in heads) * 2 >= len(heads)
        starts = [n for n in range(first, len(self.lines)) if n in heads or self.lines[n].after_blank or not spaced]
        return len(heads) / len(starts)

    # Headings that are items of a list, or that a body is set in under ------------------------------------------------

    def _listed(self, flat: set[int]) -> list[_Item]:
        runs = self._runs(flat)
        accepted: list[_Item] = []
        after = len(self.lines)
        for run in reversed(runs):
            thread = self._thread_in(run, after, flat)
            if thread:
                after = thread[0].line
                accepted = [*thread, *accepted]
        if accepted:
            return accepted
        return self._level_bullets([item for run in runs for item in run])

    def _runs(self, flat: set[int]) -> list[list[_Item]]:
        """Lists: bullets with nothing between them that is set in less than the first."""
        runs: list[list[_Item]] = []
        run: list[_Item] = []
        least = 0
        for number in range(self.front.next, len(self.lines)):
            line = self.lines[number]
            bullet = (
                _BULLET.match(self.text, line.start, line.start + 60)
                if not self.quoted[number] and number not in flat
                else None
            )
            if bullet is None or bullet.end() >= line.end:
                if run and (line.indent <= least or number in flat):
                    runs.append(run)
                    run = []
                continue
            if not run:
                least = line.indent
            least = min(least, line.indent)
            run.append(self._bulleted(number, bullet))
        if run:
            runs.append(run)
        return runs

    def _bulleted(self, number: int, bullet: re.Match[str]) -> _Item:
        line = self.lines[number]
        at = bullet.end()
        words = self.text[at : min(line.end, at + 240)]
        kind = bullet["mark"] or ("1" + self.text[bullet.end("number")] if bullet["number"] else "#")
        digits = bullet["number"] or bullet["hash"]
        below = self.lines[number + 1] if number + 1 < len(self.lines) else None
        deeper = (
            below is not None and below.indent > line.indent and not _BULLET.match(self.text, below.start, below.start + 60)
        )
        head = parse(words)
        item = _Item(number, at, kind, head, indent=line.indent, first=number + 1, number=int(digits) if digits else None)
        if words[0] == "@" and self._is_addressed(words):
            item.kind, item.head = "at", None
        elif head is None or (head.form is Form.NAME and line.end - at > _SHORT):
            item.kind, item.head = "long", None
        elif head.body is not None:
            item.kind = (
                "inline" if head.dated or (head.form is not Form.COLON and not self._opens_with_quote(item)) else "named"
            )
        elif deeper:
            item.kind = "full"
        else:
            item.kind = "bare"
        if item.head is not None:
            item.created = item.head.created
            if digits is not None and item.head.number is None:
                item.head = replace(item.head, number=int(digits))
            if item.kind == "full":
                self._skip_date(item)
        return item

    @staticmethod
    def _is_addressed(words: str) -> bool:
        """Whether a line that starts with `@` goes on to say something, rather than being a handle that heads a post."""
        head = parse(words)
        return head is None or head.body is not None or head.form in {Form.SAID, Form.COLON}

    def _thread_in(self, run: list[_Item], after: int, flat: set[int]) -> list[_Item]:
        least = min(item.indent for item in run)
        top = [item for item in run if item.indent == least]
        mark = Counter(item.bullet for item in top).most_common(1)[0][0]
        top = [item for item in top if item.bullet == mark]
        top = self._from_first_heading(top)
        kinds = Counter(item.kind for item in top)
        headed = kinds["full"] + kinds["inline"] + kinds["at"]
        if kinds["full"] + kinds["inline"] == 0:
            if not self._is_transcript(top, kinds, after):
                return []
            headed += kinds["named"]
        if headed < 0.5 * len(top) and headed < 0.8 * (len(top) - kinds["bare"]):
            return []
        if self._goes_on_after(run, after, flat, kinds["at"] + sum(item.head is not None and item.head.dated for item in top)):
            return []
        if kinds["at"] == 0 and self._is_introduced(top[0]):
            return []
        chosen = self._without_lists_in_bodies(top)
        if not self._is_transcript(top, kinds, after):
            for item in chosen:
                if item.kind in {"named", "long"}:
                    item.head = None
        nested = [item for item in run if item.indent > least]
        groups: dict[tuple[int, str], list[_Item]] = defaultdict(list)
        for item in nested:
            groups[item.indent, item.bullet].append(item)
        for (indent, _), items in sorted(groups.items()):
            full = sum(item.kind in {"full", "inline", "at"} for item in items)
            telling = sum(item.kind in {"full", "inline"} for item in items)
            if (
                telling
                and full >= 0.6 * len(items)
                and not any(self._resumes(item, indent) for item in items if item.kind == "full")
            ):
                chosen.extend(items)
        return sorted(chosen, key=lambda item: item.line)

    def _from_first_heading(self, top: list[_Item]) -> list[_Item]:
        """The items in the manner of the thread's, which is the last's: a list that ends the article may stand before.

        Where a blank line divides heading and body, an item without one is no heading, one with it is, whatever its name.
        """
        headings = [item for item in top if item.kind == "full"]
        if not headings and top[-1].kind == "long" and self._is_spaced(top[-1]) and self._may_be_odd_name(top[-1]):
            headings = [top[-1]]
        if headings and self._is_spaced(headings[-1]):
            for item in top:
                if item.kind == "full" and not self._is_spaced(item):
                    item.kind, item.head = "long", None
                elif item.kind == "long" and self._is_spaced(item) and self._may_be_odd_name(item):
                    item.kind = "full"
                    item.head = parse(self.words(item.line, item.at), odd=True)
                    item.created = item.head.created if item.head is not None else None
        if headings:
            top = list(itertools.dropwhile(lambda item: item.kind in {"bare", "long", "named"}, top))
        return top

    def _is_spaced(self, item: _Item) -> bool:
        """Whether the body is set in below a blank line."""
        below = item.line + 1
        return below < len(self.lines) and self.lines[below].after_blank and self.lines[below].indent > item.indent

    def _may_be_odd_name(self, item: _Item) -> bool:
        words = self.words(item.line, item.at)
        if words.endswith(("!", "?", "...")):
            return len(words) <= 60 and len(words.split()) <= 4
        return is_odd_name(words) and words[-1] not in '.,:;…”"'

    def _is_transcript(self, top: list[_Item], kinds: Counter[str], after: int) -> bool:
        """Whether `Name: words` items to the page's end are people speaking rather than terms explained."""
        named = [item for item in top if item.kind == "named"]
        return (
            kinds["named"] > 2
            and kinds["named"] >= 0.8 * len(top)
            and after == len(self.lines)
            and self._look_like_names(named, self._after_count_line(top[0]))
        )

    @staticmethod
    def _without_lists_in_bodies(top: list[_Item]) -> list[_Item]:
        """The items but for several bare ones in a row with more of the thread around them: a list that a comment holds."""
        kept: list[_Item] = []
        groups = [(bare, list(items)) for bare, items in itertools.groupby(top, key=lambda item: item.kind == "bare")]
        for at, (bare, items) in enumerate(groups):
            if not bare or len(items) == 1 or at in {0, len(groups) - 1}:
                kept.extend(items)
        return kept

    def _resumes(self, item: _Item, indent: int) -> bool:
        """Whether words at the item's own depth, no bullet before them, follow what is set in under it."""
        for number in range(item.first, min(item.first + 40, len(self.lines))):
            line = self.lines[number]
            if _BULLET.match(self.text, line.start, line.start + 60):
                return False
            if line.indent <= indent:
                return line.indent == indent
        return False

    def _is_introduced(self, item: _Item) -> bool:
        """Whether the words above end in a colon, as they do before a list of the writer's own."""
        return item.line > 0 and self.words(item.line - 1).endswith(":") and not self._is_count_line(item.line - 1)

    def _goes_on_after(self, run: list[_Item], after: int, flat: set[int], signs: int) -> bool:
        """Whether the page goes on, as an essay does after a list, below a list that would be a thread."""
        least = min(item.indent for item in run)
        number = run[-1].line + 1
        while number < after and self.lines[number].indent > least:
            number += 1
        prose = 0
        while number < after and number not in flat:
            prose += len(self.lines[number]) if len(self.lines[number]) > 60 else 0
            number += 1
        within = self.lines[run[-1].line].end - self.lines[run[0].line].start
        return prose > 300 + 100 * signs and 4 * prose > within

    def _level_bullets(self, bullets: list[_Item]) -> list[_Item]:
        """Bulleted names with the bodies below them not set in at all."""
        numbered = self._counted_through(bullets)
        if numbered:
            return numbered
        items = [item for item in bullets if item.kind in {"bare", "full", "at"}]
        marks = Counter((item.indent, item.bullet) for item in items if item.kind != "at" and item.number is None)
        if not marks:
            return []
        key, count = marks.most_common(1)[0]
        chosen = [item for item in items if (item.indent, item.bullet) == key]
        adjacent = sum(b.line == a.line + 1 for a, b in itertools.pairwise(chosen))
        counted = self._after_count_line(chosen[0])
        if count < (1 if counted else 2) or adjacent > 0.2 * count:
            return []
        named = [item for item in chosen if item.head]
        # A word in small letters over paragraphs is a handle sooner than a section's title.
        telling = sum(is_telling_name(item.head.name) or item.head.name.islower() for item in named if item.head)
        if not (counted or self._look_like_names(named, counted) or (count > 3 and 3 * telling >= 2 * count)):
            return []
        return self._headed(chosen)

    def _counted_through(self, bullets: list[_Item]) -> list[_Item]:
        """Names numbered from one to the page's end, each over a body; a list inside a body starts anew and does not fit."""
        at_margin: dict[tuple[int, str], list[_Item]] = defaultdict(list)
        for item in bullets:
            if item.number is not None:
                at_margin[item.indent, item.bullet].append(item)
        for _, items in sorted(at_margin.items()):
            chosen = self._chain(items)
            strict = sum(is_name(item.head.name) for item in chosen if item.head)
            counted = bool(chosen) and self._after_count_line(chosen[0])
            if len(chosen) > (not counted) and 2 * strict >= len(chosen):
                return self._headed(chosen)
        return []

    def _chain(self, items: list[_Item]) -> list[_Item]:
        chosen: list[_Item] = []
        lines = {item.line for item in items}
        for item in items:
            words = self.words(item.line, item.at)
            if item.number == 1 and len(chosen) < 2 and not (chosen and self._after_count_line(chosen[0])):
                chosen = []
            last = chosen[-1].number or 0 if chosen else 0
            # One number may be missing, where a comment was taken down.
            if not last < (item.number or 0) <= last + 2 or item.line + 1 in lines or not is_odd_name(words):
                continue
            if item.head is None or item.head.body is not None:
                item.head = Head(Form.NAME, words, 0, len(words), number=item.number)
            chosen.append(item)
        return chosen

    def _headed(self, items: list[_Item]) -> list[_Item]:
        for item in items:
            if item.kind != "at":
                item.kind = "full"
                self._skip_date(item)
        return items

    def _set_in(self) -> list[_Item]:
        """Bare names with bodies set in below them, and nothing else at their depth from the first to the page's end."""
        heads = {number for number in range(self.front.next, len(self.lines) - 1) if self._is_over_set_in(number)}
        end = self._closing([])
        for least in sorted({self.lines[number].indent for number in heads})[:_DEPTHS]:
            first = end
            for number in range(end - 1, self.front.next - 1, -1):
                if self.lines[number].indent <= least:
                    if number not in heads:
                        break
                    first = number
            chosen = sorted(number for number in heads if first <= number < end)
            top = [number for number in chosen if self.lines[number].indent <= least]
            spaced = [number for number in top if self.lines[number + 1].after_blank]
            if 2 * len(spaced) > len(top):
                chosen = [number for number in chosen if self.lines[number + 1].after_blank]
                top = spaced
            names = [number for number in top if is_name(self.words(number).strip("*_: "))]
            alone = len(top) == 1 and is_telling_name(self.words(top[0])) and bool(spaced)
            if (len(top) > 1 and 5 * len(names) >= 3 * len(top)) or alone:
                items: list[_Item] = []
                for number in chosen:
                    self._add(items, number, parse(self.words(number), odd=True))
                return items
        return []

    def _is_over_set_in(self, number: int) -> bool:
        line, below = self.lines[number], self.lines[number + 1]
        if below.indent <= line.indent or not line.after_blank or self.quoted[number]:
            return False
        words = self.words(number)
        if self._bullet_at(number) or self._bullet_at(number + 1) or not is_odd_name(words.strip("*_: ")):
            return False
        return words[-1] not in ".,;" or is_name(words) or words.endswith("...")

    def _bullet_at(self, number: int) -> bool:
        start = self.lines[number].start
        return _BULLET.match(self.text, start, start + 60) is not None

    # From headings to posts -------------------------------------------------------------------------------------------

    def _together(self, flat: list[_Item], listed: list[_Item]) -> list[_Item]:
        if not flat or not listed:
            return [*flat, *listed]
        bulleted = sum(item.kind in {"full", "inline", "at"} for item in listed)
        if bulleted > len(flat):
            # Inside set-in comments, `Name wrote:` mostly introduces words; a date beside the name or a rule heads a post.
            flat = [
                item
                for item in flat
                if item.head is not None
                and (item.head.dated or item.head.form is Form.FENCE or not self._inside(item, listed) or self._is_set_in(item))
            ]
        return sorted([*flat, *listed], key=lambda item: item.line)

    def _inside(self, item: _Item, listed: list[_Item]) -> bool:
        before = bisect.bisect_left(listed, item.line, key=lambda other: other.line)
        return before > 0 and item.indent > listed[before - 1].indent

    def _is_set_in(self, item: _Item) -> bool:
        return item.first < len(self.lines) and self.lines[item.first].indent > item.indent and not self._is_attribution(item)

    def _posts(self, items: list[_Item]) -> Layout:
        front = self.front
        posts: list[Post] = []
        pending: list[Byline] = []
        first = items[0].line if items else len(self.lines)
        if front.next > first:
            front = self.front = _Front(title=None if first == 0 else front.title, site=front.site, next=first)
        end = first
        while end > front.next and (is_rule(self.words(end - 1)) or (items and self._is_count_line(end - 1))):
            end -= 1
        if end > front.next:
            span = Span(self.lines[front.next].start, self.lines[end - 1].end)
            posts.append(self._post(0, PostKind.ARTICLE, span, front.byline, when=front.created))
        elif not items:
            span = Span(self.lines[0].start, self.lines[-1].end)
            return Layout(None, None, (self._post(0, PostKind.ARTICLE, span),), ())
        opening = not posts and front.byline is None and front.title is not None and not items[0].bullet
        stop = self._closing(items)
        repeated = self._repeated_last_lines(items, stop)
        deeper = self._bodies_set_in(items)
        interleaved = self._interleaved(items)
        stack: list[tuple[int, bool, str]] = []
        by_name: dict[str, list[Post]] = defaultdict(list)
        by_number: dict[int, str] = {}
        for at, item in enumerate(items):
            until = items[at + 1].line if at + 1 < len(items) else stop
            if at + 1 == len(items) and deeper:
                until = self._dedent(item, until)
            body = self._body(item, until, repeated)
            head = item.head
            byline = None
            if head is not None:
                byline = Byline(head.name, Span(item.at + head.start, item.at + head.end))
            if body is None:
                if byline is not None:
                    pending.append(byline)
                continue
            while stack and (stack[-1][0] >= item.indent or (stack[-1][1] != bool(item.bullet) and not interleaved)):
                stack.pop()
            parent = stack[-1][2] if stack else None
            if head is not None and head.to is not None:
                parent = self._answered(head, by_name, by_number) or parent
            kind = PostKind.ARTICLE if opening and not posts else PostKind.COMMENT
            post = self._post(len(posts), kind, body, byline, parent=parent, when=item.created)
            posts.append(post)
            if kind is PostKind.COMMENT:
                stack.append((item.indent, bool(item.bullet), post.id))
            if byline is not None:
                by_name[byline.name.casefold()].append(post)
            if head is not None and head.number is not None:
                by_number[head.number] = post.id
        return Layout(front.title, front.site, tuple(posts), tuple(pending))

    @staticmethod
    def _answered(head: Head, by_name: Mapping[str, list[Post]], by_number: Mapping[int, str]) -> str | None:
        """The post that a heading says it answers: by number, or by name their last to this one's author, else their last."""
        to = (head.to or "").strip(" @“”\"'").casefold()
        number = to.lstrip("#").removeprefix("comment ").lstrip("#")
        if number.isdecimal() and len(number) < 8:
            return by_number.get(int(number))
        theirs = by_name.get(to, [])
        ours = {post.id for post in by_name.get(head.name.casefold(), [])}
        recent = theirs[: -_RECENT - 1 : -1]
        return next((post.id for post in recent if post.reply_to in ours), recent[0].id if recent else None)

    @staticmethod
    def _interleaved(items: list[_Item]) -> bool:
        """Whether bulleted and other headings alternate, so that one kind can hold answers to the other."""
        turns = sum(bool(a.bullet) != bool(b.bullet) for a, b in itertools.pairwise(items))
        return turns > 1

    def _post(
        self,
        number: int,
        kind: PostKind,
        span: Span,
        byline: Byline | None = None,
        *,
        parent: str | None = None,
        when: str | None = None,
    ) -> Post:
        return Post(
            id=f"p{number}",
            kind=kind,
            span=span,
            byline=byline,
            reply_to=parent,
            created=when,
            quoted=quoted_in(self.text, span),
        )

    def _body(self, item: _Item, until: int, repeated: Mapping[str, int]) -> Span | None:
        """The stretch from the first word below the heading, or on its line, to the last before line `until`."""
        if item.head is None:
            start, first = item.at, item.line
        elif item.head.body is not None:
            start, first = item.at + item.head.body, item.line
        else:
            first = item.first
            while first < until and is_rule(self.words(first)):
                first += 1
            if first >= until:
                return None
            start = self.lines[first].start
        last = until - 1
        while last > first and (
            is_rule(self.words(last))
            or self._is_count_line(last)
            or (len(self.lines[last]) < 60 and self.words(last) in repeated)
        ):
            last -= 1
        end = self.lines[last].end
        return Span(start, end) if start < end else None

    def _repeated_last_lines(self, items: list[_Item], stop: int) -> Mapping[str, int]:
        """Short lines that end most posts alike (`Reply`, `Permalink`): buttons, not words."""
        lasts: Counter[str] = Counter()
        for at, item in enumerate(items):
            last = (items[at + 1].line if at + 1 < len(items) else stop) - 1
            while last > item.first and is_rule(self.words(last)):
                last -= 1
            if last > item.first and len(self.lines[last]) < 60:
                lasts[self.words(last)] += 1
        return {words: count for words, count in lasts.items() if count > 2 and 2 * count > len(items)}

    def _closing(self, items: list[_Item]) -> int:
        """Where the thread ends: the page's end, or the form for the next comment."""
        last = items[-1].first if items else len(self.lines)
        for number in range(max(last, len(self.lines) - 12), len(self.lines)):
            if len(self.lines[number]) < 80 and _CLOSING_LINE.match(self.words(number)):
                return number
        return len(self.lines)

    def _bodies_set_in(self, items: list[_Item]) -> bool:
        below = [
            item
            for item in items
            if item.first < len(self.lines) and (item.head is None or item.head.body is None) and item.kind != "at"
        ]
        deeper = sum(self.lines[item.first].indent > item.indent for item in below)
        return len(below) > 0 and deeper >= 0.9 * len(below)

    def _dedent(self, item: _Item, until: int) -> int:
        """The first line after the last post's set-in body that is no longer set in."""
        number = item.line + 1
        while number < until and self.lines[number].indent > item.indent:
            number += 1
        return number
