"""A real Asterisk in a folder of its own, with the company of `etc`.

Debian has it: 22 in unstable, 16 in bullseye. It needs root, debootstrap, a minute and 600 MB
once; then it starts in two seconds. Any other that was built is as good: a folder to chroot into.
The telephones and the trunk are of chan_pjsip, or of chan_sip, which Asterisk had up to 20.
Everything it listens on is in one network of loopback, 127.0.<network>.0: the Asterisk is .1, the
telephone 101 is .101, the provider is .200.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ETC = Path(__file__).parent / "etc"
AMI_PORT, SIP_PORT = 5038, 5060
USER, DEAF, SECRET = "bot", "deaf", "s3cret"
PJSIP, SIP = "PJSIP", "SIP"
"""What channels of chan_pjsip and of chan_sip are called."""

_START_SECONDS = 30.0
_PACKAGES = ("asterisk", "asterisk-core-sounds-en", "tzdata")


@dataclass(frozen=True, slots=True)
class Asterisk:
    """One that runs. `home`: where its files are, for us; inside its root it is `inner`."""

    root: Path
    inner: str
    network: str
    technology: str

    @property
    def home(self) -> Path:
        return self.root / self.inner.lstrip("/")

    @property
    def host(self) -> str:
        return f"{self.network}.1"

    @property
    def master_csv(self) -> Path:
        return self.home / "log/cdr-csv/Master.csv"

    @property
    def database_csv(self) -> Path:
        """The rows as FreePBX's asteriskcdrdb would have them."""
        return self.home / "log/cdr-custom/asteriskcdrdb.csv"

    async def command(self, line: str) -> str:
        """Run a command of its console; what it answers."""
        process = await asyncio.create_subprocess_exec(
            *_inside(self.root, "-C", f"{self.inner}/etc/asterisk.conf", "-rx", line),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        answer, _ = await process.communicate()
        return answer.decode(errors="replace") if process.returncode == 0 else ""

    async def is_up(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(_START_SECONDS):
            while "fully booted" not in await self.command("core waitfullybooted"):  # noqa: ASYNC110 - another program
                await asyncio.sleep(0.1)


def install(root: Path, release: str = "sid") -> None:
    """Install that of a release of Debian into the folder, unless one is there."""
    if (root / "usr/sbin/asterisk").exists():
        return
    subprocess.run(["/usr/sbin/debootstrap", "--variant=minbase", release, str(root)], check=True)
    subprocess.run(
        [
            "/usr/sbin/chroot",
            str(root),
            "apt-get",
            "install",
            "-y",
            "--no-install-recommends",
            *_PACKAGES,
        ],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        check=True,
    )


@asynccontextmanager
async def running(
    root: Path,
    *,
    network: int = 77,
    zone: str = "UTC",
    has_records: bool = True,
    has_timestamps: bool = False,
    technology: str = PJSIP,
) -> AsyncIterator[Asterisk]:
    """Start it with empty files. `has_records`: whether AMI says CDR and CEL.

    Two may run at once, in different networks; their zone is that of the root.
    """
    asterisk = Asterisk(root, f"/lab-{network}", f"127.0.{network}", technology)
    _configure(
        asterisk, has_records=has_records, has_timestamps=has_timestamps, is_utc=zone == "UTC"
    )
    local, wanted = root / "etc/localtime", f"/usr/share/zoneinfo/{zone}"
    if not local.is_symlink() or str(local.readlink()) != wanted:
        local.unlink(missing_ok=True)
        local.symlink_to(wanted)
    process = await asyncio.create_subprocess_exec(
        *_inside(root, "-C", f"{asterisk.inner}/etc/asterisk.conf", "-f"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asterisk.is_up()
        yield asterisk
    finally:
        await asterisk.command("core stop now")
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 10)
        if process.returncode is None:
            process.kill()
            await process.wait()


def _inside(root: Path, *words: str) -> tuple[str, ...]:
    return ("/usr/sbin/chroot", str(root), "/usr/sbin/asterisk", *words)


def _configure(
    asterisk: Asterisk, *, has_records: bool, has_timestamps: bool, is_utc: bool
) -> None:
    # It looks for its own name whenever a call begins, and waits for a name server that says no.
    hosts = f"127.0.0.1 localhost {socket.gethostname()} A.ROOT-SERVERS.NET\n"
    (asterisk.root / "etc/hosts").write_text(hosts)
    shutil.rmtree(asterisk.home, ignore_errors=True)
    for name in ("etc", "db", "spool", "run", "log/cdr-csv", "log/cdr-custom"):
        (asterisk.home / name).mkdir(parents=True)
    libraries = asterisk.root / "usr/lib"
    [modules] = [*libraries.glob("asterisk/modules"), *libraries.glob("*/asterisk/modules")]
    is_sip = asterisk.technology == SIP
    rtp = 20000 + int(asterisk.network.rpartition(".")[2]) * 100
    values = {
        "net": asterisk.network,
        "home": asterisk.inner,
        "modules": f"/{modules.relative_to(asterisk.root)}",
        "events": "yes" if has_records else "no",
        "timestamps": "yes" if has_timestamps else "no",
        "usegmtime": "yes" if is_utc else "no",
        "unused": "res_pjsip.so" if is_sip else "chan_sip.so",
        "rtp": str(rtp),
        "rtp_end": str(rtp + 99),
    }
    for source in ETC.iterdir():
        text = source.read_text(encoding="utf-8")
        if is_sip and source.name in {"extensions.conf", "harder.conf", "queues.conf"}:
            text = _for_chan_sip(text)
        for name, value in values.items():
            text = text.replace(f"%{name}%", value)
        (asterisk.home / "etc" / source.name).write_text(text, encoding="utf-8")


def _for_chan_sip(text: str) -> str:
    """The dial plan in the words that FreePBX has for chan_sip."""
    text = re.sub(r"\$\{PJSIP_DIAL_CONTACTS\((\$\{[\w:]+\}|\w+)\)\}", r"SIP/\1", text)
    text = re.sub(r"PJSIP/(\$\{[\w:]+\})@(\w+)", r"SIP/\2/\1", text)
    return text.replace("PJSIP/", "SIP/").replace("from-trunk-pjsip-", "from-trunk-sip-")
