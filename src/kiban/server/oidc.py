"""Signing in with an OpenID Connect provider: the code flow with PKCE, and a role from the groups of the ID token.

Nothing is kept between the two steps but a random secret in a short-lived cookie of the browser: state, nonce and the
verifier of PKCE are hashes of it, so that an answer counts only in the browser that asked. Authlib checks the claims,
joserfc the signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kiban.errors import OutputError, Problem
from kiban.server.access import ROLES, Role
from kiban.server.problems import refuse
from kiban.server.provider_file import Provider, is_safe

log = logging.getLogger("kiban.server")
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures that count: those whose key the provider alone has. Never `none`, never one with a shared secret."""
LEEWAY_SECONDS = 60
PROVIDER_SECONDS = 10.0
KNOWN_FOR_SECONDS = 3600.0
BETWEEN_KEYS_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 1_000_000
LONGEST_SUBJECT = 80


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whom the provider knows: the name that owns things, one to show, and the role."""

    name: str
    shown: str
    role: Role


class SignIn:
    """The sign-in of one server; raises `OutputError` where Authlib is not installed."""

    def __init__(self, provider: Provider) -> None:
        try:
            import authlib  # noqa: F401
        except ModuleNotFoundError:
            raise OutputError(Problem("oidc.not_installed", provider.issuer)) from None
        self.provider = provider
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._keys: Any = None
        self._read = self._keys_read = float("-inf")

    def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the secret that it keeps until it comes back."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        secret = secrets.token_urlsafe(32)
        address = prepare_grant_uri(
            self._find("authorization_endpoint"),
            client_id=self.provider.client_id,
            response_type="code",
            redirect_uri=self.provider.redirect_uri,
            scope=" ".join(self.provider.scopes),
            state=_derive("state", secret),
            nonce=_derive("nonce", secret),
            code_challenge=create_s256_code_challenge(_derive("verifier", secret)),
            code_challenge_method="S256",
        )
        return str(address), secret

    def end(self, answer: Mapping[str, str], secret: str) -> SignedIn:
        """Who came back with this answer in the browser that keeps the secret; refused where anything does not fit."""
        if not secret or not hmac.compare_digest(
            _derive("state", secret).encode(), answer.get("state", "").encode("utf-8", "replace")
        ):
            raise refuse("unauthorised", "sign_in_state")
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise refuse("unauthorised", "sign_in_claims", reason="iss")
        if "error" in answer or not answer.get("code"):
            raise refuse("unauthorised", "sign_in_refused", reason=_printable(answer.get("error", "code")))
        granted = self._exchange(answer["code"], secret)
        claims = self._check(granted, _derive("nonce", secret))
        return self._admit(claims)

    def _exchange(self, code: str, secret: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.provider.redirect_uri,
            "code_verifier": _derive("verifier", secret),
        }
        methods = self._describe().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if "client_secret_basic" in methods:
            auth = (quote(self.provider.client_id, safe=""), quote(self.provider.client_secret, safe=""))
        else:
            form |= {"client_id": self.provider.client_id, "client_secret": self.provider.client_secret}
        status, content = _ask("POST", self._find("token_endpoint"), form, auth)
        if status != 200:
            reason = _printable(content.get("error", status))
            log.warning("the provider %s refused a code: %s", self.provider.issuer, reason)
            raise refuse("unauthorised", "sign_in_refused", reason=reason)
        return content

    def _check(self, granted: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token, when its signature and every claim are right."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        offered = self._describe().get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = sorted(ALGORITHMS & set(offered))
        try:
            token = str(granted.get("id_token", ""))
            read = jwt.decode(token, self._key_of(token, algorithms), algorithms=algorithms)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self.provider.client_id,
                    "access_token": granted.get("access_token"),
                },
            )
            claims.validate(now=int(time.time()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("an ID token of %s does not hold: %s", self.provider.issuer, error)
            reason = getattr(error, "claim", None) or getattr(error, "error", None) or type(error).__name__
            raise refuse("unauthorised", "sign_in_claims", reason=_printable(reason)) from None
        return dict(claims)

    def _key_of(self, token: str, algorithms: Collection[str]) -> Any:
        """The provider's key that the token's header names, asked for anew where it is not known yet."""
        header = json.loads(base64.urlsafe_b64decode(f"{token.partition('.')[0]}=="))
        if not isinstance(header, dict) or header.get("alg") not in algorithms:
            raise ValueError("alg")
        for anew in (False, True):
            keys = self._read_keys(anew=anew)
            named = [key for key in keys if "kid" not in header or key.kid == header["kid"]]
            if len(named) == 1:
                return named[0]
        raise ValueError("kid")

    def _read_keys(self, *, anew: bool) -> Any:
        from joserfc.jwk import KeySet

        with self._lock:
            age = time.monotonic() - self._keys_read
            if self._keys is None or age > KNOWN_FOR_SECONDS or (anew and age > BETWEEN_KEYS_SECONDS):
                status, content = _ask("GET", self._find_locked("jwks_uri"))
                if status != 200:
                    raise refuse("provider", "sign_in_provider", reason=status)
                self._keys, self._keys_read = KeySet.import_key_set(content), time.monotonic()  # type: ignore[arg-type]
            return self._keys

    def _admit(self, claims: Mapping[str, Any]) -> SignedIn:
        groups = claims.get(self.provider.groups_claim, [])
        listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        roles = {
            self.provider.roles[group] for group in listed if isinstance(group, str) and group in self.provider.roles
        }
        found = [role for role in ROLES if role in roles]
        if not found:
            raise refuse("forbidden", "sign_in_group", claim=self.provider.groups_claim)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject or not subject.isprintable():
            raise refuse("unauthorised", "sign_in_claims", reason="sub")
        name = f"oidc:{subject}"
        if len(name) > LONGEST_SUBJECT:
            name = f"oidc:{hashlib.sha256(subject.encode()).hexdigest()}"
        shown = next(
            (claims[key] for key in ("preferred_username", "email", "name") if isinstance(claims.get(key), str)), ""
        )
        return SignedIn(name, _printable(shown), found[-1])

    def _describe(self) -> Mapping[str, Any]:
        with self._lock:
            return self._describe_locked()

    def _describe_locked(self) -> Mapping[str, Any]:
        """What the provider says of itself, asked for once an hour; refused where it says it is another one."""
        if time.monotonic() - self._read > KNOWN_FOR_SECONDS:
            address = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            status, content = _ask("GET", address)
            if status != 200:
                raise refuse("provider", "sign_in_provider", reason=status)
            if content.get("issuer") != self.provider.issuer:
                raise refuse("provider", "sign_in_provider", reason="issuer")
            self._metadata, self._read = content, time.monotonic()
        return self._metadata

    def _find(self, name: str) -> str:
        with self._lock:
            return self._find_locked(name)

    def _find_locked(self, name: str) -> str:
        """An address of the provider's, which has to be safe."""
        address = self._describe_locked().get(name)
        if not is_safe(address):
            raise refuse("provider", "sign_in_provider", reason=name)
        return str(address)


def _derive(what: str, secret: str) -> str:
    """43 letters that only who has the secret can foretell; one does not tell another."""
    digest = hashlib.sha256(f"kiban sign-in {what}\n{secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _ask(
    method: str, address: str, form: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON of an answer, which may not be too long or lead elsewhere."""
    import httpx

    try:
        with (
            httpx.Client(timeout=PROVIDER_SECONDS, follow_redirects=False) as client,
            client.stream(method, address, data=form, auth=auth, headers={"accept": "application/json"}) as answer,
        ):
            content = bytearray()
            for part in answer.iter_bytes():
                content += part
                if len(content) > LARGEST_ANSWER_BYTES:
                    raise refuse("provider", "sign_in_provider", reason="size")
            found = json.loads(content) if content else {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        log.warning("the provider at %s cannot be asked: %s", address, error)
        raise refuse("provider", "sign_in_provider", reason=type(error).__name__) from None
    return answer.status_code, found if isinstance(found, dict) else {}


def _printable(value: object) -> str:
    text = "".join(letter for letter in str(value) if letter.isprintable())
    return text[:LONGEST_SUBJECT]
