"""What people have decided against the machine: a text file with one line for each inference that is undone.

    # Tomas Weld is not the Tomas whom the commenters call.
    http://localhost:8000/doc/garden#identity-3f1c9f2b7d0e5a64

A line is the IRI of an inference (`kgraph query identity-inferences` prints it), or its reference without the base. White
space around it, empty lines and lines that start with `#` do not count. A build reads the file and does not make these
inferences again.
"""

from __future__ import annotations

from pathlib import Path

from kgraph import iris
from kgraph.errors import Misuse


def undone(path: Path, *, base: str) -> frozenset[str]:
    """The references of the inferences that a file undoes; none where there is no such file.

    Raises:
        Misuse: the file cannot be read, or a line names no inference.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: cannot be read as UTF-8 text: {error}") from error
    references = set()
    for number, line in enumerate(lines, 1):
        reference = line.strip().removeprefix(base)
        if not reference or reference.startswith("#"):
            continue
        if iris.is_absolute(reference) or "#" not in reference or " " in reference:
            raise Misuse(
                f"{path}, line {number}: {line.strip()!r} is no inference under {base}",
                hint="`kgraph query identity-inferences` prints their IRIs",
            )
        references.add(reference)
    return frozenset(references)
