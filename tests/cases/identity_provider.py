"""An OpenID Connect provider on this machine that refuses what a real one refuses; it stands apart from kiban's code.

It knows one client and signs in whoever asks as `person`. What it issues can be spoiled, to see what the client checks.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.cases.servers import PATIENCE_SECONDS

CLIENT_ID = "kiban test"
CLIENT_SECRET = "s3cret/with:odd letters%"
CODE_SECONDS = 60.0


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def encode_number(number: int) -> str:
    return encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


@dataclass
class Grant:
    """What a code stands for."""

    redirect_uri: str
    nonce: str
    challenge: str
    issued: float
    used: bool = False


@dataclass
class IdentityProvider:
    """One provider; `spoil` changes the claims of a token, `sign` replaces how it is signed."""

    redirect_uri: str
    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "4711", "preferred_username": "mina"})
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    key_id: str = "first"
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    sign: Callable[[dict[str, Any]], str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def describe(self, _: Request) -> Response:
        self.asked.append("metadata")
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                **self.metadata,
            }
        )

    def show_keys(self, _: Request) -> Response:
        self.asked.append("keys")
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id}
        return JSONResponse({"keys": [{**key, "n": encode_number(numbers.n), "e": encode_number(numbers.e)}]})

    def authorize(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") != self.redirect_uri:
            return JSONResponse({"error": "invalid_request"}, status_code=400)  # never sent to an unknown place
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            return self.send_back(request, {"error": "invalid_request"})
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return self.send_back(request, {"error": "invalid_request"})
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(self.redirect_uri, asked.get("nonce", ""), asked["code_challenge"], time.time())
        return self.send_back(request, {"code": code, "iss": self.issuer})

    def send_back(self, request: Request, answer: dict[str, str]) -> Response:
        state = request.query_params.get("state")
        answer = {**answer, **({"state": state} if state is not None else {})}
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(answer)}", status_code=302)

    async def give_token(self, request: Request) -> Response:
        self.asked.append("token")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if not self.knows_client(request, form):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        grant = self.grants.get(form.get("code", ""))
        verifier = encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        right = (
            form.get("grant_type") == "authorization_code"
            and grant is not None
            and not grant.used
            and time.time() - grant.issued <= CODE_SECONDS
            and form.get("redirect_uri") == grant.redirect_uri
            and verifier == grant.challenge
        )
        if grant is not None:
            grant.used = True
        if not right or grant is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": grant.nonce}
        claims = self.spoil({**claims, **self.person})
        token = self.sign(claims) if self.sign is not None else self.sign_rightly(claims)
        return JSONResponse({"token_type": "Bearer", "access_token": secrets.token_urlsafe(16), "id_token": token})

    def knows_client(self, request: Request, form: dict[str, str]) -> bool:
        scheme, _, content = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, _, secret = base64.b64decode(content).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT_ID, CLIENT_SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def sign_rightly(self, claims: dict[str, Any]) -> str:
        return sign_with(self.key, claims, self.key_id)


def sign_with(key: rsa.RSAPrivateKey, claims: dict[str, Any], key_id: str, algorithm: str = "RS256") -> str:
    content = unsigned({"alg": algorithm, "kid": key_id}, claims)
    return f"{content}.{encode(key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"


@contextlib.contextmanager
def open_provider(redirect_uri: str) -> Iterator[IdentityProvider]:
    """A provider on a free port that sends browsers back to this address only."""
    provider = IdentityProvider(redirect_uri)
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", provider.describe),
            Route("/keys", provider.show_keys),
            Route("/authorize", provider.authorize),
            Route("/token", provider.give_token, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        provider.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + PATIENCE_SECONDS
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield provider
        server.should_exit = True
        thread.join(timeout=PATIENCE_SECONDS)
