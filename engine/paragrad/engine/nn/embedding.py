"""Embedding: rows of a table, looked up by number."""

from __future__ import annotations

from typing import Any

from paragrad.engine.nn import init
from paragrad.engine.nn.module import Module
from paragrad.engine.ops.selecting import embedding
from paragrad.engine.tensor import Tensor


class Embedding(Module):
    """Integers of shape (*) become rows of `weight`, (*, embedding_dim). The row `padding_idx` starts as zeros and
    gets no gradient."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, dtype: Any = None
    ) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise AssertionError(f"padding_idx must be within num_embeddings: {padding_idx} for {num_embeddings}")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = init.normal((num_embeddings, embedding_dim), dtype)
        if self.padding_idx is not None:
            self.weight.array[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = embedding(input, self.weight, self.padding_idx)
        return result

    def extra_repr(self) -> str:
        """The arguments."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"
