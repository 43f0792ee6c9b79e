"""What can go wrong with a child: errors that the caller can mend, and losses after which the campaign goes on."""

from __future__ import annotations


class SubjectError(Exception):
    """The subject can't be used; the message is one clear paragraph, `kind` a word for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class AnswerError(ValueError):
    """An answer that is not what the protocol says; the message names the place."""


class Lost(Exception):
    """The child is gone, or had to be killed: `type` is Hang, MemoryLimit, Died or AnswerError."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type
