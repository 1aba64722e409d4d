"""The file that names an OpenID Connect provider: `kiban serve --oidc FILE`."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kiban.errors import InputError, Problem

RETURN_PATH = "/api/v1/sign-in/return"
SECRET_VARIABLE = "KIBAN_OIDC_SECRET"
ROLES = ("viewer", "planner", "admin")
TEXTS = ("issuer", "client_id", "redirect_uri", "client_secret_file", "groups_claim")
NEEDED = ("issuer", "client_id", "redirect_uri", "roles")
KNOWN = (*TEXTS, "scopes", "roles")


@dataclass(frozen=True, slots=True)
class Provider:
    """Who signs people in; `roles` says for a group which role its members have, the greatest counts."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    roles: Mapping[str, str]
    groups_claim: str = "groups"
    scopes: tuple[str, ...] = ("openid", "profile", "email")

    def __repr__(self) -> str:
        """Without the secret, which must not reach a log."""
        return f"Provider({self.issuer!r}, {self.client_id!r})"


def read_provider(path: Path) -> Provider:
    """The provider in a TOML file; raises `InputError` with every problem.

    The secret stands in a file of its own, named by `client_secret_file` beside this one, or in KIBAN_OIDC_SECRET.
    """
    where = str(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(Problem("oidc.unreadable", where, reason=_reason(error))) from None
    except (ValueError, RecursionError) as error:
        raise InputError(Problem("oidc.no_toml", where, reason=str(error))) from None
    problems = [*_problems_in(raw, where)]
    secret = os.environ.get(SECRET_VARIABLE, "")
    if not secret and isinstance(raw.get("client_secret_file"), str):
        try:
            secret = (path.parent / raw["client_secret_file"]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = _reason(error) if isinstance(error, OSError) else type(error).__name__
            problems.append(Problem("oidc.secret", where, "client_secret_file", reason=reason))
    elif not secret:
        problems.append(Problem("oidc.no_secret", where, "client_secret_file", variable=SECRET_VARIABLE))
    if problems:
        raise InputError(problems)
    optional: dict[str, Any] = {"groups_claim": raw["groups_claim"]} if "groups_claim" in raw else {}
    if "scopes" in raw:
        optional["scopes"] = tuple(dict.fromkeys(["openid", *raw["scopes"]]))
    needed = {name: raw[name] for name in NEEDED}
    return Provider(**needed, client_secret=secret, **optional)


def _problems_in(raw: Mapping[str, Any], where: str) -> list[Problem]:
    problems = [Problem("unknown_key", where, key, remedy="known", names=KNOWN) for key in raw if key not in KNOWN]
    problems += [Problem("missing", where, key) for key in NEEDED if key not in raw]
    problems += [
        Problem("oidc.text", where, key) for key in TEXTS if key in raw and not (isinstance(raw[key], str) and raw[key])
    ]
    for key in ("issuer", "redirect_uri"):
        value = raw.get(key)
        if isinstance(value, str) and value and not is_safe(value):
            problems.append(Problem("oidc.insecure", where, key, address=value))
    if isinstance(raw.get("redirect_uri"), str) and not raw["redirect_uri"].endswith(RETURN_PATH):
        problems.append(Problem("oidc.return", where, "redirect_uri", path=RETURN_PATH))
    scopes = raw.get("scopes", [])
    if not isinstance(scopes, list) or not all(isinstance(scope, str) and scope for scope in scopes):
        problems.append(Problem("oidc.scopes", where, "scopes"))
    roles = raw.get("roles")
    if "roles" in raw and not (isinstance(roles, dict) and roles and all(role in ROLES for role in roles.values())):
        problems.append(Problem("oidc.roles", where, "roles", names=ROLES))
    return problems


def is_safe(address: object) -> bool:
    """Whether an address is of TLS, or of this machine, so that nobody between can read along."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host)))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
