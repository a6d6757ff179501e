"""The words: every text of the code has its Ukrainian one, and stands where it can be found."""

import ast
import re

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.domain.people import Language
from bot.telegram.i18n import DOMAIN, LOCALES
from tests.support.places import ROOT
from tests.support.source_code import PACKAGES, python_files, tree_of

PO = LOCALES / "uk" / "LC_MESSAGES" / f"{DOMAIN}.po"
PLACES = re.compile(r"{(\w*)}")


def said_in_code() -> dict[str, set[str]]:
    """Every text of the code with the files it stands in; plural ones by their singular."""
    found: dict[str, set[str]] = {}
    for top in PACKAGES:
        for file, _line, message, *_rest in extract_from_dir(
            ROOT / top,
            method_map=[("**.py", "python")],
            keywords={"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None},
        ):
            text = message if isinstance(message, str) else message[0]
            found.setdefault(str(text), set()).add(f"{top}/{file}")
    return found


def test_every_text_has_its_ukrainian_words_and_no_words_are_left_over() -> None:
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="uk", domain=DOMAIN)
    translated = {one.id if isinstance(one.id, str) else one.id[0]: one for one in catalogue}
    translated.pop("", None)
    code = said_in_code()
    assert set(code) - set(translated) == set()
    assert set(translated) - set(code) == set()
    assert len(code) > 100
    assert catalogue.num_plurals == 3
    assert not catalogue.obsolete
    for one in translated.values():
        originals = [one.id] if isinstance(one.id, str) else list(one.id)
        words = [one.string] if isinstance(one.string, str) else list(one.string or ())
        assert not one.fuzzy, one.id
        assert len(words) == (1 if isinstance(one.id, str) else 3), one.id
        for each in words:
            assert each.strip(), one.id
            assert set(PLACES.findall(each)) == set(PLACES.findall(originals[-1])), one.id
            assert each[:1].isspace() == originals[0][:1].isspace(), one.id
            assert re.findall(r"</?\w+>", each) == re.findall(r"</?\w+>", originals[0]), one.id


def test_there_is_a_catalogue_for_every_language_but_the_codes_own() -> None:
    assert {path.name for path in LOCALES.iterdir()} | {"en"} == set(Language)


def test_texts_stand_where_the_catalogue_can_find_them() -> None:
    """As literals, and not inside f-strings: there Babel sees none before Python 3.12."""
    texts = 0
    for path in python_files(*PACKAGES):
        tree = tree_of(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                hidden = [one for one in ast.walk(node) if is_text(one)]
                assert not hidden, f"{path}:{node.lineno}"
            elif is_text(node):
                assert isinstance(node, ast.Call)
                texts += 1
                literals = node.args[:2] if name_of(node) == "ngettext" else node.args
                assert all(isinstance(one, ast.Constant) for one in literals), (
                    f"{path}:{node.lineno}"
                )
    assert texts > 100


def test_words_for_people_stand_only_in_views_and_keyboards() -> None:
    assert all(
        file.startswith(("bot/views/", "keyboards/"))
        for files in said_in_code().values()
        for file in files
    )


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node) in {"_", "gettext", "ngettext"}


def name_of(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""
