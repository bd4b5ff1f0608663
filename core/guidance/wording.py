"""The prompt for each condition: the built-in words of each language, and how a preset overrides them."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator

from core import pseudo_locale
from core.guidance.conditions import WORDED_KEYS
from core.pseudo_locale import pseudo
from core.yaml_model import parse

WORDS_DIR: Final = Path(__file__).parent / "presets" / "words"
FEWEST_WORDS: Final = 2
MOST_WORDS: Final = 7
MOST_LETTERS: Final = 40
# No rule of style, only what still fits on a small phone: other languages need more room than English.
_MOST_LETTERS_ELSEWHERE: Final = 70
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


class Prompt(BaseModel):
    """The wording for one condition: what is shown, and what a screen reader says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=_MOST_LETTERS_ELSEWHERE)]
    spoken: Annotated[str, Field(min_length=1, max_length=400)]


class EnglishPrompt(Prompt):
    """The same in English, where a prompt has 2 to 7 words and at most 40 characters."""

    @field_validator("text")
    @classmethod
    def _short(cls, text: str) -> str:
        words = len(text.split())
        if not FEWEST_WORDS <= words <= MOST_WORDS:
            raise ValueError(f"use {FEWEST_WORDS} to {MOST_WORDS} words, not {words}")
        if len(text) > MOST_LETTERS:
            raise ValueError(f"use at most {MOST_LETTERS} characters, not {len(text)}")
        return text


def _known(key: str) -> str:
    if key not in WORDED_KEYS:
        raise ValueError(f"there is no condition {key}; use only {', '.join(WORDED_KEYS)}")
    return key


Key = Annotated[str, AfterValidator(_known)]


class _Words(RootModel[Mapping[Key, Prompt]]):
    """The built-in prompts of one language."""


class _EnglishWords(RootModel[Mapping[Key, EnglishPrompt]]):
    """The built-in prompts in English."""


class Prompts(BaseModel):
    """A preset's own wording: by language, and in it by condition key; anything may be left out."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Mapping[Key, Prompt]]

    en: Mapping[Key, EnglishPrompt] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _languages(self) -> Self:
        for language in self.__pydantic_extra__:
            if not _LANGUAGE.fullmatch(language):
                raise ValueError(f"{language} is no language code, such as es")
        return self

    def of(self, language: str) -> Mapping[str, Prompt]:
        """The preset's own prompts in a language, by condition key; empty where it has none."""
        return self.en if language == "en" else self.__pydantic_extra__.get(language, {})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that this preset words anything in."""
        return tuple(language for language in ("en", *self.__pydantic_extra__) if self.of(language))


def house_languages() -> tuple[str, ...]:
    """The languages with built-in prompts, English first."""
    others = sorted(path.stem for path in WORDS_DIR.glob("*.yaml") if path.stem != "en")
    return ("en", *others)


@cache
def house_words(language: str) -> Mapping[str, Prompt]:
    """The built-in prompts of a language, by condition key; empty for a language without any.

    Raises:
        core.yaml_model.YamlError: the file does not fit; its message names the line and what to do.
    """
    if language not in house_languages():
        return {}
    path = WORDS_DIR / f"{language}.yaml"
    model: Any = _EnglishWords if language == "en" else _Words
    words: Mapping[str, Prompt] = parse(path.read_text(encoding="utf-8"), path, model).root
    if language == "en" and pseudo_locale.asked_for():
        return {key: Prompt(text=pseudo(one.text), spoken=pseudo(one.spoken)) for key, one in words.items()}
    return words


def worded(own: Prompts, key: str, language: str) -> Prompt:
    """The prompt for a condition key.

    The preset's own words in the language, else the built-in ones, else the preset's own in English, else the
    built-in ones in English.

    Raises:
        KeyError: no such condition.
    """
    for words in (own.of(language), house_words(language), own.of("en")):
        if key in words:
            return words[key]
    return house_words("en")[key]
