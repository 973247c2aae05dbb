"""What can be wrong with things from outside: each says what was expected, found, and what to do."""

from __future__ import annotations


class WaveFieldError(ValueError):
    """Anything that this package refuses."""


class ConfigError(WaveFieldError):
    """A setting, by its name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class CheckpointError(WaveFieldError):
    """A model's file, by the tensor or part of it that is at fault."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(f"{part}: {message}")
        self.part = part


class TokenizerError(WaveFieldError):
    """A vocabulary, or a text that it cannot write."""


class DataError(WaveFieldError):
    """A text to learn from or to be measured on."""
