"""What is posted, in the ways that PBXs post it."""

import pytest

from bot.sources.posted import read_posted

FORM = "application/x-www-form-urlencoded"
PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="call[id]"\r\n\r\n17\r\n'
    b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xd0\x93\xd0\xb0\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    ("body", "content_type", "read"),
    [
        (b'{"id": 1}', "application/json", {"id": 1}),
        (b'\xef\xbb\xbf [{"id": 1}]', FORM, [{"id": 1}]),
        (b"id=1&name=%D0%93%D0%B0&empty=", FORM, {"id": "1", "name": "\u0413\u0430", "empty": ""}),
        (b"id=1&a+b=c", "", {"id": "1", "a b": "c"}),
        (
            b"call[id]=1&call[to][]=101&call[to][]=102",
            FORM,
            {"call": {"id": "1", "to": ["101", "102"]}},
        ),
        (b"to=101&to=102", FORM, {"to": ["101", "102"]}),
        (b"call=1&call[id]=2", FORM, {"call": "1"}),
        (b"call[id]=2&call=1", FORM, {"call": {"id": "2"}}),
        (b"cdr=%7B%22id%22%3A1%7D", FORM, {"cdr": '{"id":1}'}),
        (PARTS, "multipart/form-data; boundary=x", {"call": {"id": "17"}, "name": "\u0413\u0430"}),
        (b"", FORM, {}),
    ],
)
def test_it_is_read(body: bytes, content_type: str, read: object) -> None:
    assert read_posted(body, content_type, "utf-8") == read


def test_letters_are_read_in_the_encoding_of_the_source() -> None:
    named = "\u0413\u0430\u043d\u043d\u0430"
    assert read_posted(b"name=%C3%E0%ED%ED%E0", FORM, "cp1251") == {"name": named}
    assert read_posted(f'{{"name": "{named}"}}'.encode("cp1251"), "", "cp1251") == {"name": named}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"hello", "text/plain"),
        (b'{"id": ', "application/json"),
        (b"[" * 100_000, ""),
        (b"&".join(b"a=1" for _ in range(3000)), FORM),
        (b"no parts", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
    ],
)
def test_what_cannot_be_read_is_a_value_error(body: bytes, content_type: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|form"):
        read_posted(body, content_type, "utf-8")
