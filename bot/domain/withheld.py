"""The words that PBXs and operators write in place of a number the caller withheld.

A text means a withheld number if it consists of such words and of words like "number" and
"caller", in any order and with anything between them: `No Number`, `номер не визначено`,
`CALLER_ID-BLOCKED`. One other word in it, and it is somebody's name.
"""

import re
import unicodedata
from functools import lru_cache

_WITHHELD = """
anonymous anonym anonyme anonymer anonymus anonimo anonim anonima anonymni
hidden private restricted unavailable unavail unknown blocked withheld suppressed prohibited
undefined unidentified unassigned invalid coinline payphone asterisk
outofarea notavailable notprovided notset nonumber nocaller nocallerid nocid noid nocli noname
callerid
анонім анонімний анонімна анонімно прихований прихована приховано схований засекречений закритий
невідомий невідома невідомо приватний недоступний недоступно відсутній невизначений невизначено
не_визначений не_визначено без_номера без_номеру немає_номера
аноним анонимный анонимно скрытый скрыт скрыто засекречен засекреченный закрытый неизвестный
неизвестно неизвестен частный приватный секретный недоступен недоступно отсутствует
неопределён неопределённый не_определён не_определился без_номера нет_номера
unbekannt unbekannter unterdrückt keine_nummer keine_rufnummer nicht_verfügbar
nieznany nieznane zastrzeżony zastrzeżone prywatny ukryty brak_numeru
inconnu privé masqué desconocido oculto privado desconhecido restrito sconosciuto
nascosto numero_privato gizli bilinmeyen özel_numara skrytý skryté neznámý neznámé
necunoscut ascuns ismeretlen rejtett
ανώνυμος άγνωστος ანონიმური უცნობი დამალული белгісіз жасырын חסוי
"""
_BESIDE = """
number numbers num name caller callers call cid id user party line cli ani phone subscriber pbx
номер номера номеру абонент абонента телефон дзвінок виклик звонок вызов
nummer rufnummer teilnehmer anrufer numer numero numéro número appel llamada chiamata numara
numarası číslo номера нөмір ნომერი מספר
"""

_ALONE = frozenset(
    ("s", "p", "o", "u", "na", "nan", "nil", "null", "none", "ooa", "clir", "empty")
)
"""Those too short to be looked for within a text: Nana is a name."""

_BETWEEN_WORDS = re.compile(r"[\W_]+")
_MARKS = re.compile("[\u0300-\u036f]")
_LONGEST = 48
"""Characters of a folded text beyond which it is certainly more than such words."""


def folded(word: str) -> str:
    """A word as it is compared: small letters and plain digits, no accents, nothing between."""
    if not word.isascii():
        word = _MARKS.sub("", unicodedata.normalize("NFKD", word))
        word = "".join(str(int(char)) if char.isdecimal() else char for char in word)
    return _BETWEEN_WORDS.sub("", word.casefold())


def _any_of(words: str) -> str:
    return "|".join(sorted({folded(word) for word in words.split()}, key=len, reverse=True))


_TEXT = re.compile(
    rf"(?:{_any_of(_BESIDE)})*(?:{_any_of(_WITHHELD)})(?:{_any_of(_BESIDE + _WITHHELD)})*"
)


@lru_cache(maxsize=1 << 12)
def means_withheld(word: str) -> bool:
    """Whether a folded text says that a number is withheld, and nothing else."""
    return word in _ALONE or (len(word) <= _LONGEST and _TEXT.fullmatch(word) is not None)
