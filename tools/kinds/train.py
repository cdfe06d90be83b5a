"""Trains the weights of `kgraph.extract.kinds` and writes `src/kgraph/extract/data/kinds.json`.

Usage: pip install scikit-learn && python tools/kinds/train.py [--validate]

The sentences are `sentences.tsv` beside this file. The same sentences and versions give the same bytes. `--validate` writes
nothing and prints, for each strength of regularisation, accuracy and log loss over five folds of the sentences.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from kgraph.extract.kinds import Features, kind_features
from kgraph.extract.parse import model
from kgraph.model.annotations import ClaimKind

SENTENCES = Path(__file__).with_name("sentences.tsv")
OUT = Path(__file__).parents[2] / "src" / "kgraph" / "extract" / "data" / "kinds.json"
VERSION = "1"
SCALE = 100
SEEN = 3
STRENGTH = 0.3
STRENGTHS = (0.03, 0.1, 0.3, 1.0)
NORM = 4.0
"""By how much the features are scaled up against the cues, so that regularisation weighs on both alike."""
SOFTENING = 1.2
"""Pages vary more than sentences written for the purpose: what the weights add up to is divided by this, which leaves the
choice of the kind as it is and takes its probability down to how often it is right (log loss on `../shared/gold`)."""


def main(arguments: Sequence[str]) -> None:
    stored = SENTENCES.read_bytes()
    rows = [line.split("\t") for line in stored.decode("utf-8").splitlines()]
    kinds = np.array([str(ClaimKind(kind)) for kind, _ in rows])
    features = [kind_features(parse[:]) for parse in model().pipe([text for _, text in rows], batch_size=128)]
    if "--validate" in arguments:
        for strength in STRENGTHS:
            print(f"C={strength}: accuracy {{:.3f}}, log loss {{:.3f}}".format(*validate(features, kinds, strength)))
        return
    vectorizer, fitted, _ = fit(features, kinds, STRENGTH)
    columns = dict(zip(vectorizer.get_feature_names_out(), fitted.coef_.T, strict=True))
    weights = {
        name: _stored(column * NORM)
        for name, column in sorted(columns.items())
        if not name.startswith("cue:") and np.any(_stored(column * NORM))
    }
    text = json.dumps(
        {
            "version": VERSION,
            "trained_on": hashlib.sha256(stored).hexdigest(),
            "scale": SCALE,
            "kinds": list(fitted.classes_),
            "bias": _stored(fitted.intercept_),
            "cues": {kind: _stored(columns["cue:" + kind]) for kind in fitted.classes_ if "cue:" + kind in columns},
            "weights": weights,
        },
        ensure_ascii=False,
        indent=None,
        separators=(",", ":"),
    )
    OUT.write_text(text.replace('],"', '],\n"') + "\n", encoding="utf-8", newline="\n")
    print(f"{len(rows)} sentences, {len(weights)} features, {OUT.stat().st_size} bytes", file=sys.stderr)


def fit(
    features: Sequence[Features], kinds: np.ndarray, strength: float
) -> tuple[DictVectorizer, LogisticRegression, set[str]]:
    """A vectorizer and a model fitted to it; only features that occur in `SEEN` sentences count."""
    counts = Counter(name for found in features for name in found.present)
    kept = {name for name, count in counts.items() if count >= SEEN}
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([vector(found, kept) for found in features])
    fitted = LogisticRegression(C=strength, max_iter=1000, tol=1e-4).fit(matrix, kinds)
    return vectorizer, fitted, kept


def vector(features: Features, kept: set[str]) -> dict[str, float]:
    known = sorted(features.present & kept)
    values = dict.fromkeys(known, NORM / len(known) ** 0.5) if known else {}
    return values | {"cue:" + kind: strength for kind, strength in features.cues.items()}


def validate(features: Sequence[Features], kinds: np.ndarray, strength: float) -> tuple[float, float]:
    right = loss = 0.0
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(kinds, kinds):
        vectorizer, fitted, kept = fit([features[i] for i in train], kinds[train], strength)
        shares = fitted.predict_proba(vectorizer.transform([vector(features[i], kept) for i in test]))
        right += float((fitted.classes_[shares.argmax(axis=1)] == kinds[test]).sum())
        loss -= float(np.log(shares[np.arange(len(test)), np.searchsorted(fitted.classes_, kinds[test])]).sum())
    return right / len(kinds), loss / len(kinds)


def _stored(values: np.ndarray) -> list[int]:
    return [round(float(value) * SCALE / SOFTENING) for value in values]


if __name__ == "__main__":
    main(sys.argv[1:])
