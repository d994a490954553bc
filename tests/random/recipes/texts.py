"""Tensors of strings."""

from __future__ import annotations

import numpy as np

from draw import Draw
from recipes.table import recipe

WORDS = ("", "a", "B c", "straße", "ÄÖ", "x,y,,z", "  two  words ", "one", "1.5", "-3")


def texts(g: Draw, shape: tuple[int, ...]) -> str:
    words = [g.one_of(WORDS) for _ in range(int(np.prod(shape)))]
    return g.array(np.array(words, object).reshape(shape))


@recipe("StringConcat")
def concat(g: Draw, op: str) -> None:
    shape = g.shape(0, 3)
    g.node(op, [texts(g, shape), texts(g, g.broadcast_of(shape))])


@recipe("StringSplit")
def split(g: Draw, op: str) -> None:
    x = texts(g, g.shape(1, 2, least=1))
    g.node(op, [x], 2, delimiter=g.one_of([None, ",", " "]), maxsplit=g.one_of([None, 1]))


@recipe("StringNormalizer")
def normalizer(g: Draw, op: str) -> None:
    g.node(
        op,
        [texts(g, (g.integer(1, 5),))],
        case_change_action=g.one_of([None, "NONE", "LOWER", "UPPER"]),
        is_case_sensitive=g.one_of([None, 0, 1]),
        stopwords=g.one_of([None, ["a", "one"]]),
    )


@recipe("TfIdfVectorizer")
def tf_idf(g: Draw, op: str) -> None:
    x = g.array(g.data(g.one_of([(6,), (2, 5)]), g.one_of(["int32", "int64"]), 0, 4))
    g.node(
        op,
        [x],
        mode=g.one_of(["TF", "IDF", "TFIDF"]),
        min_gram_length=1,
        max_gram_length=2,
        max_skip_count=g.integer(0, 2),
        ngram_counts=[0, 3],
        ngram_indexes=[0, 1, 2, 3, 4],
        pool_int64s=[1, 2, 3, 1, 2, 3, 1],
        weights=[0.5, 1.0, 2.0, 1.5, 0.25],
    )
