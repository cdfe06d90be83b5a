"""What kind of thing a short description speaks of, as Wikidata has them: `French novelist`, `city in Tuscany, Italy`.

The lists of words say what a thing of each kind is called, and what such a word may be part of without saying so.
"""

from __future__ import annotations

import re


def words_of(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(words)})\b", re.I)


COMPANY = words_of(
    "compan(y|ies)", "corporation", "manufacturer", "conglomerate", "multinational", "airline", "bank", "publisher", "firm",
    "publishing house", "record label", "broadcaster",
    "(television|TV|broadcast|cable|radio|satellite) (network|channel|station)",
    "studio", "retailer", "chain", "brand", "automaker", "developer", "distributor", "producer of", "holding",
)  # fmt: skip
INSTITUTION = words_of(
    "agency", "organi[sz]ation", "institut(e|ion)", "foundation", "association", "political party", "party in", "union",
    "ministry", "museum", "library", "academy",
)  # fmt: skip
UNIVERSITY = words_of("university", "college", "law school", "business school", "school of")
CLUB = words_of(
    "football club", "soccer (team|club)", "basketball team", "baseball (team|franchise)", "(ice )?hockey team",
    "American football team", "sports club", "association football team",
)  # fmt: skip
PLATFORM = words_of(
    "websites?", "operating systems?", "social networks?", "search engines?", "online encyclopedia", "newspapers?",
    "magazines?", "software platforms?", "web browsers?",
)  # fmt: skip
LANGUAGE = words_of("programming language", "markup language", "file format", "protocol")
NOT_ONE = words_of(
    "award", "film by", "fictional", "character", "album", "song", "single", "actor", "actress", "musician", "player",
    "businessman", "person", "people", "band", "group", "genre", "type of", "kind of", "list", "ceremony", "engineer",
    "executive", "founder", "county", "city", "town", "building", "draft", "season", "competition", "league",
    "programming block", "series", "concept", "study", "economic", "act of", "practi[ct]e", "use of", "degree", "position",
    "rank", "event", "television program", "system of", "defunct branch", "model", "magazine publisher", "former member",
    "service provided", "chief", "president", "professor",
)  # fmt: skip


def fits(kind: str, description: str) -> str | None:
    """The category that a Wikidata description gives, if it describes a thing of this kind."""
    if kind == "platform":
        if PLATFORM.search(description):
            periodical = re.search(r"newspaper|magazine", description, re.I)
            if not (NOT_ONE.search(description) or COMPANY.search(description) or re.search(r"publish", description, re.I)):
                return (
                    "magazine or newspaper" if periodical else "operating system" if "operating" in description else "web site"
                )
        return None
    if kind == "technology":
        return "programming language" if LANGUAGE.search(description) else None
    if NOT_ONE.search(description) or LANGUAGE.search(description) or re.search(r"operating system|newspaper$", description):
        return None
    if CLUB.search(description):
        return "sports club"
    if UNIVERSITY.search(description):
        return "university"
    if COMPANY.search(description):
        return "company"
    return "institution" if INSTITUTION.search(description) else None


YEARS = re.compile(r"\((?:born |b\. )?\d{4}(?:[–-](?:\d{4})?)?\)|\bborn (?:in )?\d{4}\b")
CALLING = words_of(
    "actor", "actress", "singer", "songwriter", "musician", "guitarist", "drummer", "bassist", "pianist", "violinist",
    "rapper", "composer", "conductor", "producer", "director", "filmmaker", "screenwriter", "cinematographer", "film editor",
    "comedian", "comic", "model", "writer", "author", "novelist", "poet", "playwright", "essayist", "journalist", "columnist",
    "critic", "cartoonist", "politician", "statesman", "diplomat", "lawyer", "jurist", "judge", "president of",
    "prime minister of", "king of", "queen of", "emperor", "monarch", "philosopher", "theologian", "historian", "economist",
    "sociologist", "psychologist", "physicist", "chemist", "mathematician", "astronomer", "biologist", "naturalist",
    "scientist", "engineer", "inventor", "architect", "painter", "sculptor", "artist", "photographer", "designer",
    "choreographer", "dancer", "businessman", "businesswoman", "entrepreneur", "activist", "trade unionist", "revolutionary",
    "footballer", "(football|basketball|baseball|hockey|tennis|soccer|cricket|rugby) player", "athlete", "boxer", "wrestler",
    "sportsperson", "coach", "explorer", "general", "admiral", "saint", "pope", "presenter", "television personality",
    "voice artist", "lyricist", "record producer", "disc jockey", "DJ", "puppeteer", "animator", "makeup artist", "executive",
    "performer", "entertainer",
)  # fmt: skip
NOBODY = words_of(
    "film", "films", "album", "song", "single", "novel", "book", "series", "sitcom", "band", "duo", "group", "award", "genre",
    "character", "fictional", "occupation", "profession", "person who", "someone", "musical", "play", "label", "company",
    "corporation", "magazine", "newspaper", "list", "episode", "game", "school", "college", "university", "ceremony",
    "festival", "studio", "instrument", "family", "organi[sz]ation", "city", "person that", "title", "term", "role", "people",
    "office", "position",
)  # fmt: skip
WORK = words_of(
    "film", "films", "movie", "album", "song", "novel", "book",
    "(television|TV|drama|comedy|animated|sitcom|cartoon|web) series", "sitcom",
    "(television|TV|radio) (show|program|programme|drama|miniseries)", "miniseries", "video game", "stage play", "play by",
    "opera", "musical", "poem", "short story", "painting", "trilogy", "film series", "comic strip", "comic book",
)  # fmt: skip
NO_WORK = words_of(
    "genre", "award", "awards", "character", "company", "studio", "person", "actor", "actress", "director", "band",
    "festival", "type of", "form of", "label", "franchise", "channel", "network", "publisher", "term", "technique", "process",
    "style", "industry",
)  # fmt: skip
PLACE = words_of(
    "city", "town", "village", "capital", "commune", "municipality", "county", "borough", "district", "suburb",
    "neighbou?rhood", "state (of|in)", "U\\.S\\. state", "province", "region", "country", "island", "archipelago", "river",
    "lake", "mountain", "sea", "ocean", "peninsula", "territory", "continent", "sovereign state", "republic", "kingdom",
    "metropolitan area", "department (of|in)", "prefecture", "parish", "canton", "voivodeship", "oblast", "ward of",
    "area (of|in)", "shire", "bay", "desert", "constituent country",
)  # fmt: skip
NO_PLACE = words_of(
    "club", "team", "university", "college", "company", "airport", "station", "award", "politician", "person", "actor",
    "film", "album", "people", "language", "band", "party", "newspaper", "school", "army", "dynasty", "war", "treaty",
    "chain", "bank", "network", "museum", "former", "historical", "fictional", "operator", "retailer", "type of", "kind of",
    "president of", "king of", "championship", "railway", "government", "institution", "governor", "mayor", "member",
    "constituency", "electoral", "organi[sz]ation", "agency", "transit", "authority", "service", "utility", "festival",
)  # fmt: skip
EVENT = words_of(
    "war", "battle", "revolution", "(Summer|Winter) Olympics", "Olympic Games", "multi-sport event", "world's fair",
    "conflict", "(football|sports|music|film|arts) (tournament|festival)", "annual (conference|festival)", "attacks",
    "earthquake", "hurricane",
)  # fmt: skip
NO_EVENT = words_of(
    "film", "album", "novel", "series", "award", "general", "politician", "veteran", "department", "ministry", "type of",
    "act of",
)  # fmt: skip


BY = re.compile(r"\b(?:by|of|about|starring|from|with|for)\b.*", re.IGNORECASE)
OFFICE = re.compile(r"\b(?:of the|of [A-Z]\w+)\b")


def kind_of(label: str, description: str) -> str | None:
    """What kind of thing a Wikidata description speaks of; None where it fits none or several."""
    if not description or not (label[0].isupper() or label[0].isdigit() or any(c.isupper() for c in label)):
        return None
    for kind in ("platform", "technology", "organization"):
        if fits(kind, description) is not None:
            return kind
    kinds = set()
    called = CALLING.search(description) or YEARS.search(description)
    if called and not NOBODY.search(description) and " " in label and not OFFICE.search(label):
        kinds.add("person")
    if WORK.search(description) and not NO_WORK.search(description) and not CALLING.search(BY.sub("", description)):
        kinds.add("work")
    if is_place(description):
        kinds.add("place")
    if EVENT.search(description) and not NO_EVENT.search(description) and not WORK.search(description):
        kinds.add("event")
    return kinds.pop() if len(kinds) == 1 else None


def is_place(description: str) -> bool:
    return bool(PLACE.search(description)) and not NO_PLACE.search(description)
