"""Writes the lists of given names and surnames that `kgraph.extract.people` looks words up in.

Usage: pip install names==0.3.0 faker==40.54.0 && python tools/name_lists.py

From the US Census of 1990 as carried by `names` (MIT; the census is in the public domain) and from the person providers of
Faker (MIT), those written in Latin letters. Names are folded: lower case, no accents; surnames of the census as far as the
20,000 most common.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import faker.providers.person

from kgraph.extract.people import folded

FOLDER = Path(__file__).parents[1] / "src" / "kgraph" / "extract" / "data"
LATIN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SURNAMES = 20_000


def census(file: str) -> Iterator[str]:
    for line in resources.files("names").joinpath(file).read_text(encoding="ascii").splitlines():
        yield line.split()[0]


def providers(*, given: bool) -> Iterator[str]:
    for module in pkgutil.iter_modules(faker.providers.person.__path__):
        if "_" not in module.name:
            continue
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            wanted = attribute.startswith("first_name") if given else attribute.startswith("last_name")
            names = getattr(provider, attribute)
            if wanted and isinstance(names, (tuple, list, dict)):
                yield from (name for name in names if isinstance(name, str) and LATIN.fullmatch(name))


def write(file: str, names: Iterator[str]) -> None:
    kept = sorted({name for name in map(folded, names) if len(name) > 1 and name.isascii() and name[0].isalpha()})
    (FOLDER / file).write_text("\n".join(kept) + "\n", encoding="ascii")


def surnames() -> Iterator[str]:
    for rank, name in enumerate(census("dist.all.last")):
        if rank == SURNAMES:
            break
        yield name
    yield from providers(given=False)


def given_names() -> Iterator[str]:
    yield from census("dist.female.first")
    yield from census("dist.male.first")
    yield from providers(given=True)


if __name__ == "__main__":
    write("given_names.txt", given_names())
    write("surnames.txt", surnames())
