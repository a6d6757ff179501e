"""`dzvinok import-contacts`: whole address books into the book, in flat memory."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.terminals import Terminal

FIRST = "+380671234567"
PHOTO = "\r\n ".join([base64.b64encode(bytes(57)).decode()] * 7000)
"""Half a megabyte, folded."""


def card(name: str, *numbers: str, photo: str = "") -> str:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", *(f"TEL:{one}" for one in numbers)]
    lines += [f"PHOTO;ENCODING=b;TYPE=JPEG:{photo}"] if photo else []
    return "\r\n".join([*lines, "END:VCARD", ""])


def test_a_file_is_taken_and_taken_again(terminal: Terminal) -> None:
    file = terminal.directory / "book.vcf"
    file.write_bytes((card("Ганна", FIRST, "0501112233") + card("Ян", "вн. 1")).encode("cp1251"))
    dry = terminal.run("import-contacts", "--dry-run", file)
    told = "2 contacts: 1 new, 1 without a number; 2 numbers: 2 added, 1 unreadable"
    assert (dry.code, dry.out) == (0, f"{told}; nothing written\n")
    assert terminal.rows("SELECT * FROM contacts") == []
    first = terminal.run("import-contacts", file)
    assert (first.code, first.out) == (0, f"{told}\n")
    assert first.err == f"{file}:7: 1 of its numbers cannot be read\n"
    again = terminal.run("import-contacts", file, file)
    assert again.out == ("4 contacts: 2 unchanged, 2 without a number; 4 numbers: 2 unreadable\n")
    file.write_text("Ім'я;Телефон\nМарія;0671234567\n", encoding="utf-8")
    kept = terminal.run("import-contacts", file)
    assert "1 under another name" in kept.out
    assert "Ганна" not in kept.err
    assert FIRST not in kept.err
    assert "1 renamed" in terminal.run("import-contacts", "--replace-names", file).out
    assert terminal.rows("SELECT name, former_name FROM contacts") == [("Марія", "Ганна")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04" + bytes(99), "it is an archive: unpack it first"),
        (bytes(range(256)) * 99, "it is neither a vCard nor a table of text"),
    ],
)
def test_what_is_no_file_of_contacts_ends_with_one_line(
    terminal: Terminal, content: bytes, words: str
) -> None:
    file = terminal.directory / "book.vcf"
    file.write_bytes(content)
    done = terminal.run("import-contacts", file)
    assert (done.code, done.out, done.err) == (1, "", f"dzvinok: {file}: {words}\n")


def peak_of(tmp_path: Path, file: Path) -> int:
    """Bytes that the command takes at most to read a file."""
    program = (
        "import re, sys, pathlib, bot.__main__ as cli\n"
        "try: cli.app(['import-contacts', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(1024 * int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]))"
    )
    values = {"PYTHONPATH": str(ROOT), "DATABASE_PATH": str(tmp_path / f"{file.stem}.db")}
    done = subprocess.run(
        [sys.executable, "-c", program, file],
        env=values,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.splitlines()[-1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells no memory")
def test_fifty_megabytes_take_no_more_memory_than_one_card(tmp_path: Path) -> None:
    small, large = tmp_path / "small.vcf", tmp_path / "large.vcf"
    small.write_text(card("Ганна", FIRST), encoding="utf-8")
    with large.open("w", encoding="utf-8") as file:
        for n in range(80):
            file.write(card(f"К{n}", f"+38067{n:07}", photo=PHOTO))
        file.write(card("Фото", FIRST, photo="A" * 10_000_000))
    assert large.stat().st_size > 50_000_000
    assert peak_of(tmp_path, large) < peak_of(tmp_path, small) + 8_000_000
