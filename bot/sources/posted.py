"""What a PBX posts, as values: JSON, a form, a form in parts, whatever the content type says.

Names like `call[id]` and `to[]` of a form, as PHP writes them, become objects and arrays.
"""

import email.parser
import email.policy
import json
import re
from collections.abc import Iterable
from itertools import pairwise
from urllib.parse import parse_qsl

from bot.sources.own.json_fields import load_json

_MOST_FIELDS = 2000
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def decode_text(body: bytes, encoding: str) -> str:
    """The text of a body: UTF-8 or its kin, else in `encoding`, what is none replaced."""
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        return body.decode(encoding, "replace")


def read_posted(body: bytes, content_type: str, encoding: str) -> object:
    """Raises ValueError with what is wrong, without what is in the body."""
    kind = content_type.lower()
    if kind.startswith("multipart/form-data"):
        return _nested(_parts(body, content_type, encoding))
    text = decode_text(body, encoding)
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}
    if is_json or not ("form-urlencoded" in kind or _looks_like_form(text)):
        return load_json(text.lstrip("\ufeff"))
    try:
        pairs = parse_qsl(
            text.strip(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, encoding=encoding
        )
    except ValueError:
        raise ValueError(f"a form of over {_MOST_FIELDS} fields") from None
    return _nested(pairs)


def _looks_like_form(text: str) -> bool:
    return re.match(r"[\w.\[\]%-]+=", text.strip()) is not None


def _parts(body: bytes, content_type: str, encoding: str) -> list[tuple[str, str]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    pairs: list[tuple[str, str]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            pairs.append((name, decode_text(content, encoding)))
    if not pairs:
        raise ValueError("a form in parts without any part")
    return pairs


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    whole: dict[str, object] = {}
    for written, value in pairs:
        name = written.partition("[")[0] or written
        keys = _BRACKETS.findall(written[len(name) :])
        _put(whole, [name, *keys], value)
    return whole


def _put(place: dict[str, object], keys: list[str], value: str) -> None:
    """`""` among the keys: one more of an array, which holds texts only."""
    for key, following in pairwise(keys):
        if following == "":
            break
        inner = place.setdefault(key, {})
        if not isinstance(inner, dict):
            return  # both a text and an object: the first one counts
        place = inner
    else:
        key, following = keys[-1], None
    before = place.get(key)
    if following is None and before is None:
        place[key] = value
    elif isinstance(before, list):
        before.append(value)
    elif not isinstance(before, dict):
        place[key] = [value] if before is None else [before, value]
