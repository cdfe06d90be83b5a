"""Trains the weights of `kgraph.extract.people` and writes `src/kgraph/extract/data/people.json`.

Usage: pip install scikit-learn && python tools/train_people.py PATH/wnut17train.conll

The data is the training split of WNUT-17, "Emerging and Rare entity recognition" (Derczynski, Nichols, van Erp, Limsopatham
2017; github.com/leondz/emerging_entities_17; CC BY 4.0). Deterministic: the same data and versions give the same file.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from kgraph.extract.parse import model
from kgraph.extract.people import candidates, features
from wnut import read_persons

OUT = Path(__file__).parents[1] / "src" / "kgraph" / "extract" / "data" / "people.json"
SCALE = 1000
SEEN = 3
STRENGTH = 0.05


def main(path: str) -> None:
    rows: list[list[str]] = []
    gold: list[bool] = []
    texts = read_persons(Path(path))
    for parse, (_, spans) in zip(model().pipe([text for text, _ in texts], batch_size=128), texts, strict=True):
        for at in candidates(parse):
            rows.append(features(parse, at))
            gold.append(any(start <= parse[at].idx < end for start, end in spans))
    counts = Counter(feature for row in rows for feature in set(row))
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([{f: 1 for f in row if counts[f] >= SEEN} for row in rows])
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(matrix, np.array(gold))
    weights = {
        name: round(float(weight) * SCALE)
        for name, weight in zip(vectorizer.get_feature_names_out(), fitted.coef_[0], strict=True)
        if abs(weight) >= 0.01
    }
    stored = {"intercept": round(float(fitted.intercept_[0]), 4), "scale": SCALE, "weights": dict(sorted(weights.items()))}
    OUT.write_text(json.dumps(stored, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(rows)} tokens weighed, {sum(gold)} in names, {len(weights)} weights", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:2])
