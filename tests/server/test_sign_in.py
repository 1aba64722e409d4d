"""Signing in with an OpenID Connect provider: who it knows comes in, and nothing that is not right does."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.cases.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    encode,
    open_provider,
    sign_with,
    unsigned,
)
from tests.cases.servers import Client, open_client, study, wait_until

from kiban.errors import InputError
from kiban.report.messages import say_problem
from kiban.server import oidc
from kiban.server.access import COOKIE
from kiban.server.oidc import SignIn
from kiban.server.problems import RefusedError
from kiban.server.provider_file import RETURN_PATH, Provider, read_provider
from kiban.server.sessions import close_sessions_of, list_sessions
from kiban.server.settings import Settings

# The address that the provider knows; what answers there is reached by its port.
REDIRECT_URI = f"http://localhost{RETURN_PATH}"
ROLES = {"readers": "viewer", "planners": "planner", "keepers": "admin"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, IdentityProvider]]:
    with open_provider(REDIRECT_URI) as provider:
        known = Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ROLES)
        with open_client(Settings(data=tmp_path_factory.mktemp("data"), oidc=known)) as client:
            yield client, provider


@pytest.fixture
def client(place: tuple[Client, IdentityProvider]) -> Iterator[Client]:
    yield place[0]
    place[0].cookies.clear()


@pytest.fixture
def provider(place: tuple[Client, IdentityProvider]) -> Iterator[IdentityProvider]:
    """The provider, which signs in a planner and spoils nothing."""
    found = place[1]
    assert place[0].service.sign_in is not None
    place[0].service.sign_in._keys = None  # an earlier test may have changed them
    kept = (found.key, found.key_id)
    found.person = {"sub": "4711", "preferred_username": "mina", "groups": ["everybody", "planners"]}
    yield found
    found.spoil, found.sign, found.metadata = lambda claims: claims, None, {}
    found.key, found.key_id = kept


def begin(client: Client) -> str:
    """To the provider and back: the address that the browser is sent to."""
    first = client.get("/api/v1/sign-in")
    assert first.status_code == 303, first.text
    answer = httpx.get(first.headers["location"])
    assert answer.status_code == 302, answer.text
    found: str = answer.headers["location"]
    return found


def finish(client: Client, address: str) -> httpx.Response:
    assert address.startswith(REDIRECT_URI)
    return client.get(f"{RETURN_PATH}?{urlsplit(address).query}")


def test_who_the_provider_knows_comes_in(client: Client, provider: IdentityProvider) -> None:
    assert client.get("/api/v1/jobs").status_code == 401
    assert client.get("/api/v1/session").json()["ways"] == ["token", "provider"]
    first = client.get("/api/v1/sign-in")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    asked = parse_qs(urlsplit(first.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name][0] not in cookie
    answer = finish(client, begin(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    strict = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE))
    assert "HttpOnly" in strict
    assert "SameSite=strict" in strict
    session = client.get("/api/v1/session").json()
    assert (session["name"], session["shown"], session["role"]) == ("oidc:4711", "mina", "planner")
    made = client.post("/api/v1/plans", json=study())
    assert made.status_code == 200
    assert client.get("/api/v1/audit").status_code == 403
    # A row is written behind the answer.
    rows = wait_until(lambda: [row for row in client.service.audit.read(9) if row["action"] == "POST /plans"])
    assert rows[0]["who"] == "oidc:4711"
    entries = [(row["who"], row["action"]) for row in client.service.audit.read(9)]
    assert ("oidc:4711", "GET /sign-in/return") in entries
    assert close_sessions_of(client.service.store, "oidc:4711") == 1
    assert client.get("/api/v1/jobs").status_code == 401


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["readers"], "viewer"),
        (["keepers", "readers", "planners"], "admin"),
        ("planners", "planner"),
        (["Keepers"], None),
        ([], None),
        (None, None),
        ([["keepers"], 7, None], None),
        ({"keepers": True}, None),
    ],
)
def test_the_greatest_role_of_ones_groups_counts(
    client: Client, provider: IdentityProvider, groups: Any, role: str | None
) -> None:
    provider.person["groups"] = groups
    answer = finish(client, begin(client))
    assert answer.status_code == (403 if role is None else 303)
    assert client.get("/api/v1/session").json()["role"] == role


def make_other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {name: value for name, value in claims.items() if name not in names}


@pytest.mark.parametrize(
    ("spoil", "about"),
    [
        (lambda claims: {**claims, "aud": "another client"}, "aud"),
        (lambda claims: {**claims, "aud": [CLIENT_ID, "another client"]}, "azp"),
        (lambda claims: {**claims, "azp": "another client"}, "azp"),
        (lambda claims: {**claims, "nonce": "another"}, "nonce"),
        (without("nonce"), "nonce"),
        (lambda claims: {**claims, "iss": "https://other.example"}, "iss"),
        (lambda claims: {**claims, "exp": int(time.time()) - 3600}, "exp"),
        (lambda claims: {**claims, "iat": int(time.time()) + 3600}, ""),
        (lambda claims: {**claims, "at_hash": "AAAA"}, "at_hash"),
        (lambda claims: {**claims, "exp": "never"}, ""),
        (without("exp"), "exp"),
        (without("aud"), "aud"),
        (without("iss"), "iss"),
        (without("sub"), "sub"),
        (lambda claims: {**claims, "sub": ""}, "sub"),
        (lambda claims: {**claims, "sub": 4711}, ""),
        (lambda claims: {**claims, "sub": "a\nb"}, "sub"),
    ],
)
def test_a_token_with_a_wrong_claim_opens_nothing(
    client: Client, provider: IdentityProvider, spoil: Callable[[dict[str, Any]], dict[str, Any]], about: str
) -> None:
    provider.spoil = spoil
    answer = finish(client, begin(client))
    assert answer.status_code == 401, answer.text
    assert about in answer.json()["detail"]
    assert answer.json()["detail_ja"]
    assert COOKIE not in client.cookies
    assert client.get("/api/v1/jobs").status_code == 401


def forge_with_secret(provider: IdentityProvider, secret: bytes) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        content = unsigned({"alg": "HS256", "kid": provider.key_id}, claims)
        return f"{content}.{encode(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"

    return sign


def forged(provider: IdentityProvider) -> dict[str, Callable[[dict[str, Any]], str]]:
    public = provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def change_after_signing(claims: dict[str, Any]) -> str:
        head, _, signature = provider.sign_rightly(claims).split(".")
        return f"{head}.{encode(json.dumps({**claims, 'groups': ['keepers']}).encode())}.{signature}"

    return {
        "another key under the same name": lambda claims: sign_with(make_other_key(), claims, provider.key_id),
        "a key that nobody has": lambda claims: sign_with(make_other_key(), claims, "unheard of"),
        "no signature": lambda claims: f"{unsigned({'alg': 'none'}, claims)}.",
        "no signature under a name": lambda claims: f"{unsigned({'alg': 'none', 'kid': provider.key_id}, claims)}.",
        "the public key as a secret": forge_with_secret(provider, public),
        "the client's secret": forge_with_secret(provider, CLIENT_SECRET.encode()),
        "another algorithm": lambda claims: sign_with(provider.key, claims, provider.key_id, "RS512"),
        "changed": change_after_signing,
        "nothing": lambda _: "",
        "no token": lambda _: "x.y.z",
        "no header": lambda _: f"{encode(b'[]')}.{encode(b'{}')}.",
    }


@pytest.mark.parametrize("kind", list(forged(IdentityProvider(""))))
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    client: Client, provider: IdentityProvider, kind: str
) -> None:
    provider.sign = forged(provider)[kind]
    # Whatever the provider claims to use, no shared secret and no missing signature is taken.
    provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    client.service.sign_in._read = float("-inf")  # type: ignore[union-attr]
    answer = finish(client, begin(client))
    assert answer.status_code == 401, answer.text
    assert client.get("/api/v1/jobs").status_code == 401


def test_a_new_key_of_the_provider_is_asked_for(
    client: Client, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finish(client, begin(client)).status_code == 303
    provider.key, provider.key_id = make_other_key(), "second"
    # Not at every call, so that nobody can make the server ask without end.
    monkeypatch.setattr(oidc, "BETWEEN_KEYS_SECONDS", 1e9)
    asked = provider.asked.count("keys")
    assert finish(client, begin(client)).status_code == 401
    assert provider.asked.count("keys") == asked
    monkeypatch.setattr(oidc, "BETWEEN_KEYS_SECONDS", 0.0)
    assert finish(client, begin(client)).status_code == 303
    assert provider.asked.count("keys") == asked + 1


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(client: Client, provider: IdentityProvider) -> None:
    address = begin(client)
    kept = dict(client.cookies)
    # Somebody lures another browser to an answer of theirs.
    client.cookies.clear()
    assert finish(client, address).status_code == 401
    assert client.get("/api/v1/sign-in").status_code == 303
    assert finish(client, address).status_code == 401
    # The right browser, with something changed on the way.
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    for changes in ({"state": "x"}, {"state": ""}, {"code": "x"}, {"code": ""}, {"iss": "https://other.example"},
                    {"error": "access_denied"}, {"state": "\u00e9"}):  # fmt: skip
        client.cookies.update(kept)
        answer = client.get(f"{RETURN_PATH}?{urlencode({**query, **changes})}")
        assert answer.status_code == 401, changes
        assert "Traceback" not in answer.text
        client.cookies.clear()
    client.cookies.update(kept)
    assert finish(client, address).status_code == 303
    client.cookies.clear()
    client.cookies.update(kept)
    again = finish(client, address)
    assert again.status_code == 401
    assert "invalid_grant" in again.json()["detail"]
    assert client.get("/api/v1/jobs").status_code == 401


BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_browser_is_shown_why_it_failed_and_what_to_do(
    client: Client, provider: IdentityProvider, language: str
) -> None:
    header = {**BROWSER, "accept-language": f"{language},en;q=0.5"}
    provider.person["groups"] = []
    query = urlsplit(begin(client)).query
    failures = {
        f"{RETURN_PATH}?{query}": (403, {"en": "Ask the keeper of this server which groups", "ja": "サーバーの管理者"}),
        RETURN_PATH: (401, {"en": "Begin again from the page to sign in", "ja": "やり直してください。"}),
        f"{RETURN_PATH}?{query}&error=%3Cscript%3Ealert(1)": (401, {"en": "refused the sign-in", "ja": "拒否しました"}),
    }
    for address, (status, said) in failures.items():
        answer = client.get(address, headers=header)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert said[language] in answer.text
        assert f'<html lang="{language}">' in answer.text
        assert ("サインインできませんでした" if language == "ja" else "You were not signed in") in answer.text
        for way in ("/api/v1/sign-in", "/sign-in"):
            assert f'<a href="{way}">' in answer.text
        assert "<script>" not in answer.text
        assert "urn:kiban" not in answer.text
        # A program reads the problem as everywhere else.
        assert client.get(address).headers["content-type"].startswith("application/problem+json")
    assert client.get("/api/v1/jobs", headers=header).headers["content-type"].startswith("application/problem+json")


def sign_in_directly(way: SignIn) -> oidc.SignedIn:
    address, secret = way.begin()
    answer = httpx.get(address)
    query = urlsplit(answer.headers.get("location", "")).query
    return way.end({name: values[0] for name, values in parse_qs(query).items()}, secret)


def test_a_client_that_the_provider_does_not_know_is_refused(provider: IdentityProvider) -> None:
    right = Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ROLES)
    assert sign_in_directly(SignIn(right)).name == "oidc:4711"
    with pytest.raises(RefusedError, match="invalid_client"):
        sign_in_directly(SignIn(replace(right, client_secret="wrong")))
    for wrong in (replace(right, redirect_uri="http://localhost/evil"), replace(right, client_id="other")):
        way = SignIn(wrong)
        assert httpx.get(way.begin()[0]).status_code == 400
    # The provider sent the browser back rightly, but the code is redeemed for another place.
    way = SignIn(right)
    address, secret = way.begin()
    query = urlsplit(httpx.get(address).headers["location"]).query
    answer = {name: values[0] for name, values in parse_qs(query).items()}
    way.provider = replace(right, redirect_uri="http://localhost/evil")
    with pytest.raises(RefusedError, match="invalid_grant"):
        way.end(answer, secret)


def test_a_secret_may_go_in_the_body_where_the_provider_wants_it(provider: IdentityProvider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    known = Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ROLES)
    assert sign_in_directly(SignIn(known)).role == "planner"


def test_a_long_name_is_shortened_and_stays_ones_own(provider: IdentityProvider) -> None:
    known = Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ROLES)
    names = []
    for subject in ("x" * 75, "x" * 76, "x" * 77, "x" * 77):
        provider.person["sub"] = subject
        names.append(sign_in_directly(SignIn(known)).name)
    assert names[0] == "oidc:" + "x" * 75
    assert len({*names}) == 3
    assert names[2] == names[3]
    assert max(map(len, names)) <= 80


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://203.0.113.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_says_strange_things_is_not_used(provider: IdentityProvider, metadata: dict[str, Any]) -> None:
    provider.metadata = metadata
    known = Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ROLES)
    with pytest.raises(RefusedError) as caught:
        sign_in_directly(SignIn(known))
    assert caught.value.status == 502


def test_a_provider_that_is_away_is_502_and_tokens_still_open(tmp_path: Path) -> None:
    known = Provider("http://127.0.0.1:1", CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ROLES)
    with open_client(Settings(data=tmp_path, oidc=known)) as client:
        answer = client.get("/api/v1/sign-in")
        assert (answer.status_code, answer.json()["type"]) == (502, "urn:kiban:problem:provider")
        shown = client.get("/api/v1/sign-in", headers=BROWSER)
        assert (shown.status_code, "Try again later" in shown.text) == (502, True)
        assert client.get("/api/v1/health").status_code == 200
    with open_client(Settings(data=tmp_path)) as client:
        assert client.get("/api/v1/sign-in").status_code == 404
        assert client.get("/api/v1/session").json()["ways"] == ["token"]


GOOD = {
    "issuer": '"https://login.example.org"',
    "client_id": '"kiban"',
    "client_secret_file": '"secret"',
    "redirect_uri": f'"https://kiban.example.org{RETURN_PATH}"',
    "scopes": '["groups"]',
    "roles": '{ "kiban-admins" = "admin" }',
}


def write(folder: Path, **changes: str | None) -> Path:
    lines = [f"{key} = {value}" for key, value in {**GOOD, **changes}.items() if value is not None]
    (folder / "secret").write_text("hush\n", encoding="utf-8")
    path = folder / "provider.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_file_that_names_the_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIBAN_OIDC_SECRET", raising=False)
    read = read_provider(write(tmp_path))
    assert (read.client_secret, read.scopes, read.groups_claim) == ("hush", ("openid", "groups"), "groups")
    assert "hush" not in repr(read)
    monkeypatch.setenv("KIBAN_OIDC_SECRET", "from outside")
    assert read_provider(write(tmp_path, client_secret_file=None)).client_secret == "from outside"


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"issuer": '"http://login.example.org"'}, {"issuer"}),
        ({"issuer": '"https://["', "scopes": "[1]"}, {"issuer", "scopes"}),
        ({"redirect_uri": '"https://kiban.example.org/"'}, {"redirect_uri"}),
        ({"roles": '{ g = "king" }'}, {"roles"}),
        ({"roles": "{}"}, {"roles"}),
        ({"roles": None, "client_id": "7"}, {"roles", "client_id"}),
        ({"client_secret_file": None}, {"client_secret_file"}),
        ({"client_secret_file": '"none"'}, {"client_secret_file"}),
        ({"secret": '"in the open"'}, {"secret"}),
        ({"issuer": "= 1"}, {""}),
    ],
)
def test_every_problem_of_that_file_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None], keys: set[str]
) -> None:
    monkeypatch.delenv("KIBAN_OIDC_SECRET", raising=False)
    with pytest.raises(InputError) as caught:
        read_provider(write(tmp_path, **changes))
    assert {problem.key for problem in caught.value.problems} == keys
    for problem in caught.value.problems:
        assert say_problem(problem, "en") != say_problem(problem, "ja")


def test_sessions_of_a_provider_are_listed_with_a_name_to_read(client: Client, provider: IdentityProvider) -> None:
    assert finish(client, begin(client)).status_code == 303
    rows = [dict(row) for row in list_sessions(client.service.store) if row["name"] == "oidc:4711"]
    assert {row["shown"] for row in rows} == {"mina"}
    assert all(row["expires"] - row["created"] == 12 * 3600 for row in rows)
