"""Remedies of keys and signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from tests.remedies import Case, Ground, Step

from kiban.signing.keys import PrivateKey, make_key

PASSPHRASE = b"correct horse battery"


@cache
def office() -> PrivateKey:
    return make_key()


def ground_with_keys(g: Ground) -> Ground:
    g.write("office.key", office().to_pem(PASSPHRASE))
    g.write("office.pub", office().public.to_pem())
    g.write("phrase", PASSPHRASE + b"\n")
    g.write("plan/summary.json", "{}")
    return g


def sign(g: Ground, path: str = "plan", key: str = "office.key", phrase: str = "phrase") -> Step:
    return lambda: g.command("sign", path, "--key", key, "--passphrase-file", phrase)


def verify(g: Ground, path: str = "plan", key: str = "office.pub") -> Step:
    return lambda: g.command("verify", path, "--public", key)


def made(g: Ground, name: str, *arguments: str) -> Step:
    return lambda: g.command("key", name, *arguments)


def after(*steps: Callable[[], object]) -> Step:
    """The last of some steps, the others before it."""

    def step() -> object:
        for early in steps[:-1]:
            early()
        return steps[-1]()

    return step


def bare(g: Ground) -> Step:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    halves = (office().ed25519, office().ml_dsa_65)
    g.write(
        "bare.key", b"".join(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in halves)
    )
    return sign(g, key="bare.key")


def linked(g: Ground) -> Step:
    def step() -> object:
        (g.folder / "plan/link").symlink_to(g.folder / "phrase")
        return sign(g)()

    return step


def copied(g: Ground) -> Step:
    def step() -> object:
        (g.folder / "plan/link").unlink()
        g.write("plan/link", PASSPHRASE)
        return sign(g)()

    return step


def removed(g: Ground, name: str) -> Callable[[], object]:
    return lambda: [file.unlink() for file in sorted((g.folder / name).iterdir())] and (g.folder / name).rmdir()


def spoiled(g: Ground, name: str, text: str | bytes) -> Callable[[], Path]:
    return lambda: g.write(name, text)


def typed(g: Ground, *answers: str) -> Step:
    """A key made in a terminal in which these are typed."""

    def step() -> object:
        given = iter(answers)
        g.change.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
        g.change.setattr("getpass.getpass", lambda _: next(given))
        from kiban.commands.signing import key_command

        for file in g.folder.glob("mine.*"):
            file.unlink()
        key_command("mine", None, "en")
        return None

    return step


def signed_anew(g: Ground) -> Step:
    """The maker makes it and signs it again."""
    return after(spoiled(g, "plan/summary.json", "{}"), removed(g, "plan/signature"), sign(g), verify(g))


def forged(g: Ground) -> Callable[[], object]:
    def act() -> object:
        file = g.folder / "plan/signature/manifest.json"
        return file.write_bytes(file.read_bytes() + b"\n")

    return act


CASES: Mapping[str, Case] = {
    "signing.no_private_key": lambda g: (sign(ground_with_keys(g), key="office.pub"), sign(g)),
    "signing.no_public_key": lambda g: (after(sign(ground_with_keys(g)), verify(g, key="office.key")), verify(g)),
    "signing.wrong_passphrase": lambda g: (
        after(spoiled(ground_with_keys(g), "other", "another phrase"), sign(g, phrase="other")),
        sign(g),
    ),
    "signing.bare_key": lambda g: (
        bare(ground_with_keys(g)),
        after(made(g, "new", "--passphrase-file", "phrase"), sign(g, key="new.key")),
    ),
    "signing.no_passphrase": lambda g: (
        lambda: g.command("key", ground_with_keys(g) and "new"),
        made(g, "new", "--passphrase-file", "phrase"),
        typed(g, "a long passphrase", "a long passphrase"),
    ),
    "signing.short_passphrase": lambda g: (
        after(spoiled(ground_with_keys(g), "short", "short\n"), made(g, "new", "--passphrase-file", "short")),
        made(g, "new", "--passphrase-file", "phrase"),
    ),
    "signing.unreadable_passphrase": lambda g: (
        after(
            spoiled(ground_with_keys(g), "old", "長い長い合言葉です".encode("cp932")),
            made(g, "new", "--passphrase-file", "old"),
        ),
        after(spoiled(g, "old", "長い長い合言葉です、十二文字"), made(g, "new", "--passphrase-file", "old")),
    ),
    "signing.long_passphrase": lambda g: (
        after(spoiled(ground_with_keys(g), "long", "a" * 1024), made(g, "new", "--passphrase-file", "long")),
        after(spoiled(g, "long", "a" * 1023), made(g, "new", "--passphrase-file", "long")),
    ),
    "signing.differing_passphrases": lambda g: (
        typed(g, "a long passphrase", "a lnog passphrase"),
        typed(g, "a long passphrase", "a long passphrase"),
    ),
    "signing.nothing_there": lambda g: (sign(ground_with_keys(g), path="plna"), sign(g)),
    "signing.nothing_in_it": lambda g: (
        after((ground_with_keys(g).folder / "empty").mkdir, sign(g, path="empty")),
        sign(g),
    ),
    "signing.no_plain_file": lambda g: (linked(ground_with_keys(g)), copied(g)),
    "signing.signed_already": lambda g: (
        after(sign(ground_with_keys(g)), sign(g)),
        after(removed(g, "plan/signature"), sign(g)),
    ),
    "signing.not_signed": lambda g: (verify(ground_with_keys(g)), after(sign(g), verify(g))),
    "signing.no_signature": lambda g: (
        after(sign(ground_with_keys(g)), spoiled(g, "plan/signature/manifest.json", "{}"), verify(g)),
        signed_anew(g),
    ),
    "signing.another_key": lambda g: (
        after(sign(ground_with_keys(g)), lambda: g.write("b.pub", make_key().public.to_pem()), verify(g, key="b.pub")),
        verify(g),
    ),
    "signing.forged": lambda g: (after(sign(ground_with_keys(g)), forged(g), verify(g)), signed_anew(g)),
    "signing.changed": lambda g: (
        after(sign(ground_with_keys(g)), spoiled(g, "plan/summary.json", "{ }"), verify(g)),
        signed_anew(g),
    ),
    "signing.missing": lambda g: (
        after(sign(ground_with_keys(g)), (g.folder / "plan/summary.json").unlink, verify(g)),
        signed_anew(g),
    ),
    "signing.added": lambda g: (
        after(sign(ground_with_keys(g)), spoiled(g, "plan/more", ""), verify(g)),
        after((g.folder / "plan/more").unlink, verify(g)),
    ),
}
