"""spaCy's attribute ruler, with a memory.

The ruler sets part of speech, morphology and some lemmas by patterns over word, tag and dependency, and matches all of them
against every token: a sixth of the parser's time. Which of them match one token follows from its tag, its dependency and its
word, and of nearly every word only that no pattern names it. So that is worked out once for each, by the ruler's own matcher.
What is set is the same, token for token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from spacy.language import Language
from spacy.matcher import Matcher
from spacy.pipeline import AttributeRuler
from spacy.tokens import Doc as ParsedText
from spacy.tokens._retokenize import set_token_attrs

NAME = "remembered_attributes"
_SEEN = ("LOWER", "TAG", "DEP", "IS_SPACE")
_MOST_WORDS = 100_000


class RememberedAttributes:
    """Takes the place of a ruler whose patterns of one token look at nothing but `_SEEN`."""

    def __init__(self, ruler: AttributeRuler) -> None:
        self._matcher = ruler.matcher
        self._attributes = ruler.attrs
        self._indices = ruler.indices
        self._strings = ruler.vocab.strings
        self._longer = Matcher(ruler.vocab)
        named = set[str]()
        self._forms: list[re.Pattern[str]] = []
        for number, rule in enumerate(ruler.patterns):
            patterns: Any = rule["patterns"]  # spaCy's own type of it is that of any of the rule's fields
            longer = [pattern for pattern in patterns if len(pattern) > 1]
            if longer:
                self._longer.add(str(number), longer)
            for pattern in patterns:
                if len(pattern) == 1:
                    self._learn(pattern[0], named)
        self._named = frozenset(map(self._strings.add, named))
        self._words = dict[int, int]()
        self._rules = dict[tuple[int, int, int, int], tuple[int, ...]]()
        self._merged = dict[tuple[int, ...], dict[int, int]]()

    def _learn(self, looks_at: Mapping[str, Any], named: set[str]) -> None:
        """Takes note of the words that a pattern names."""
        word = looks_at.get("LOWER", "")
        if not looks_at.keys() <= set(_SEEN) or (isinstance(word, dict) and not word.keys() <= {"IN", "REGEX"}):
            raise ValueError(f"the model's attribute ruler looks at more than was reckoned with: {looks_at}")
        if isinstance(word, str):
            named.add(word)
        else:
            named.update(word.get("IN", ()))
            self._forms.extend(re.compile(form) for form in [word.get("REGEX")] if form is not None)

    def __call__(self, parse: ParsedText) -> ParsedText:
        """Sets the attributes of a parsed text."""
        if not len(parse):
            return parse
        tokens = parse.to_array(list(_SEEN)).tolist()
        found = [self._of_one(parse, at, *seen) for at, seen in enumerate(tokens)]
        for at, rule in self._of_several(parse):
            found[at] = tuple(sorted({*found[at], rule}))
        for at, rules in enumerate(found):
            if rules:
                set_token_attrs(parse[at], self._attributes_of(rules))
        return parse

    def _of_one(self, parse: ParsedText, at: int, lower: int, tag: int, dependency: int, space: int) -> tuple[int, ...]:
        word = self._words.get(lower)
        if word is None:
            telling = lower in self._named or any(form.search(self._strings[lower]) for form in self._forms)
            if len(self._words) >= _MOST_WORDS:
                self._words.clear()
            word = self._words[lower] = lower if telling else 0
        seen = (word, tag, dependency, space)
        rules = self._rules.get(seen)
        if rules is None:
            matches = self._matcher(parse[at : at + 1], allow_missing=True)
            rules = self._rules[seen] = tuple(sorted({int(self._strings[key]) for key, _, _ in matches}))
        return rules

    def _of_several(self, parse: ParsedText) -> Iterator[tuple[int, int]]:
        for key, start, end in self._longer(parse, allow_missing=True):
            rule = int(self._strings[key])
            index = self._indices[rule]
            yield (start if index >= 0 else end) + index, rule

    def _attributes_of(self, rules: tuple[int, ...]) -> dict[int, int]:
        """What these rules set together: a later one has the last word."""
        merged = self._merged.get(rules)
        if merged is None:
            merged = self._merged[rules] = {}
            for rule in rules:
                merged.update(self._attributes[rule])
        return merged


@Language.factory(NAME, default_config={"ruler": "attribute_ruler"})
def _make(nlp: Language, name: str, ruler: str) -> RememberedAttributes:  # noqa: ARG001  spaCy's signature
    return RememberedAttributes(nlp.get_pipe(ruler))  # type: ignore[arg-type]


def remember_attributes(nlp: Language) -> Language:
    """The pipeline with its attribute ruler replaced."""
    nlp.add_pipe(NAME, after="attribute_ruler")
    nlp.disable_pipe("attribute_ruler")
    return nlp
