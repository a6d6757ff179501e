"""HTML as tdlib reads it: offsets in UTF-16, errors in bytes, entities in Telegram's order."""

import pytest

from bot.demo.bot_api.errors import ApiError
from bot.demo.bot_api.formatting.entities import Entity
from bot.demo.bot_api.formatting.text import FormattedText, formatted


def html(source: str) -> FormattedText:
    return formatted(source, parse_mode="HTML")


def spans(source: str) -> list[tuple[str, int, int]]:
    return [(one.type, one.offset, one.length) for one in html(source).entities]


def error(source: str) -> str:
    with pytest.raises(ApiError) as caught:
        html(source)
    assert caught.value.code == 400
    return caught.value.description.removeprefix("Bad Request: can't parse entities: ")


def test_offsets_count_utf16_units() -> None:
    assert html("😀 <b>Дзвінок</b>").text == "😀 Дзвінок"
    assert spans("😀 <b>Дзвінок</b>") == [("bold", 3, 7)]
    assert spans("<i>😀😀</i>") == [("italic", 0, 4)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("Дзвінок <div>", 'Unsupported start tag "div" at byte offset 15'),
        ("😀<br/>", 'Unsupported start tag "br/" at byte offset 4'),
        ("я <b", "Unclosed start tag at byte offset 3"),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("я</b>", "Unexpected end tag at byte offset 2"),
        ("<b>ї</i>", 'Unmatched end tag at byte offset 5, expected "</b>", found "</i>"'),
        ("<b>ї</b", "Unclosed end tag at byte offset 5"),
        ("ї<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 2'),
        ('<a ="x">y</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=/x>y</a>", "Unexpected end of name token at byte offset 8"),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<tg-emoji emoji-id='0'>👍</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
def test_errors_name_byte_offsets(source: str, words: str) -> None:
    assert error(source) == words


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;b&gt; &amp; &quot;", '<b> & "'),
        ("&#1111;&#x457;", "її"),
        ("&lt", "<"),
        ("Tom & Jerry &nbsp; &;", "Tom & Jerry &nbsp; &;"),
        ("&#0; &#xFFFFFFF;", "&#0; &#xFFFFFFF;"),
        ("&amp;lt;", "&lt;"),
        ("a\r\nb\tc", "a\nb c"),
    ],
)
def test_references_are_decoded_as_tdlib_does(source: str, text: str) -> None:
    assert html(source).text == text


def test_every_tag_of_the_parser() -> None:
    source = (
        "<strong>a</strong> <em>b</em> <ins>c</ins> <strike>d</strike> <del>e</del> "
        '<span class="tg-spoiler">f</span> <tg-spoiler>g</tg-spoiler> <code>h</code> '
        '<pre>i</pre> <blockquote>j</blockquote> <tg-emoji emoji-id="5">👍</tg-emoji> '
        '<tg-time unix="1647531900" format="wDT">k</tg-time>'
    )
    assert [one.type for one in html(source).entities] == [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "strikethrough",
        "spoiler",
        "spoiler",
        "code",
        "pre",
        "blockquote",
        "custom_emoji",
        "date_time",
    ]


def test_any_closing_tag_may_be_empty_and_case_is_ignored() -> None:
    assert spans("<B>x</>") == [("bold", 0, 1)]


def test_unknown_attributes_are_ignored() -> None:
    assert spans('<b title="x" checked>x</b>') == [("bold", 0, 1)]


def test_expandable_quote() -> None:
    assert spans("<blockquote expandable>x</blockquote>") == [("expandable_blockquote", 0, 1)]


def test_language_of_a_pre_block() -> None:
    expected = (Entity("pre", 0, 1, language="sql"),)
    assert html('<pre><code class="language-sql">x</code></pre>').entities == expected


def test_links() -> None:
    assert html('<a href="https://example.com">x</a>').entities == (
        Entity("text_link", 0, 1, url="https://example.com/"),
    )
    assert html('<a href="tg://user?id=7">x</a>').entities == (
        Entity("text_mention", 0, 1, user=7),
    )
    assert html("<a>example.com</a>").entities[0].url == "http://example.com/"
    assert html('<a href="http://localhost:8090/">x</a>').entities == ()


def test_styles_are_cut_at_each_other_and_twins_merge() -> None:
    assert spans("<b>a</b><b>b</b>") == [("bold", 0, 2)]
    assert spans("<b>a<i>b</i>c</b>") == [("bold", 0, 1), ("bold", 1, 2), ("italic", 1, 1)]


def test_html_joins_the_pieces_of_a_style_again() -> None:
    for source in (
        "<b>a<i>b</i>c</b>",
        "<b>до @olena і /log</b>",
        '<b>a <a href="http://b.c/">d</a></b>',
    ):
        assert html(source).html == source


def test_code_carries_no_other_style() -> None:
    assert spans("<b>a <code>b</code> c</b>") == [("bold", 0, 2), ("code", 2, 1), ("bold", 3, 2)]


def test_the_ends_are_trimmed_and_entities_follow() -> None:
    content = html("\n  x <b>y  </b>\n\n")
    assert content.text == "x y"
    assert content.entities == (Entity("bold", 2, 1),)
    assert html(" <b> </b> ").text == ""


def test_telegram_finds_commands_mentions_hashtags_and_addresses_itself() -> None:
    source = "😀 /start@dzvinok_bot @olena #звіт https://example.com/a?b=1. mail@example.com"
    assert spans(source) == [
        ("bot_command", 3, 18),
        ("mention", 22, 6),
        ("hashtag", 29, 5),
        ("url", 35, 25),
        ("email", 62, 16),
    ]
    assert spans("<code>/start</code> a/b 1/2") == [("code", 0, 6)]


@pytest.mark.parametrize(
    "source",
    [
        "<b>Пропущений</b> <i>від</i> <code>+380</code>",
        "<b>a<i>b</i></b>",
        "a &lt; b &amp; c",
        '<a href="https://example.com/?a=1&amp;b=2">x</a>',
        '<pre><code class="language-sql">x</code></pre>',
        "<blockquote expandable>x</blockquote>",
        '<tg-emoji emoji-id="5">👍</tg-emoji> <tg-spoiler>😀</tg-spoiler>',
        '<tg-time unix="1647531900" format="wDT">k</tg-time> <u>u</u> <s>s</s>',
        '<a href="tg://user?id=7">x</a>',
    ],
)
def test_html_drawn_from_entities_gives_them_again(source: str) -> None:
    content = html(source)
    assert html(content.html) == content


def test_given_entities_must_lie_in_the_text() -> None:
    assert formatted("дзвінок", entities=[Entity("bold", 0, 7)]).html == "<b>дзвінок</b>"
    with pytest.raises(ApiError, match="ends after the end of the text at UTF-16 offset 9"):
        formatted("дзвінок", entities=[Entity("bold", 2, 7)])


def test_unknown_parse_mode_is_refused_and_markdown_is_loudly_not_modelled() -> None:
    with pytest.raises(ApiError, match="Bad Request: unsupported parse_mode"):
        formatted("x", parse_mode="BBCode")
    with pytest.raises(ApiError) as caught:
        formatted("x", parse_mode="MarkdownV2")
    assert caught.value.code == 501


def test_raw_text_has_a_limit_in_bytes() -> None:
    with pytest.raises(ApiError, match="Bad Request: text is too long"):
        formatted("ї" * 16385)
