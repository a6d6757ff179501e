"""Whether a secret could be guessed: what `dzvinok check` thinks of tokens."""

import itertools
import re

A_NEW_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
"""The command that makes a good one."""

_SHORTEST = 16
_DISTINCT = 8
_UNKNOWN = 8
"""Characters that must be left once all that people usually type is taken away."""

_EXAMPLE = "a-long-random-word"
_USUAL = re.compile(
    r"pass(?:word|wort|wd)?|parol|secret|token|hook|webhook|admin|root|user|test|demo|example|"
    r"change-?_?me|let-?_?me-?_?in|welcome|default|long|random|word|key|dzvinok|telegram|bot|"
    r"asterisk|freepbx|pbx|ats|office|company|call|phone|qwert[yz]|asdfgh?|zxcvbn?|"
    r"19\d\d|20\d\d|your|my|here|a(?=-)"
)


def is_guessable(secret: str, *known: str) -> bool:
    """Whether it is short, monotonous, or made of what people usually type; `known` are words
    an attacker knows, like the name of a source."""
    folded = secret.casefold()
    if len(secret) < _SHORTEST or len(set(folded)) < _DISTINCT or folded == _EXAMPLE:
        return True
    for word in filter(None, known):
        folded = folded.replace(word.casefold(), "")
    rest = _without_runs(_USUAL.sub("", folded))
    return len(rest) < _UNKNOWN


def _without_runs(text: str) -> str:
    """The text without characters that continue a run like aaa, abc, 321."""
    kept = text[:1]
    for before, char in itertools.pairwise(text):
        if abs(ord(char) - ord(before)) > 1:
            kept += char
    return kept
