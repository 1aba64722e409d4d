"""What a server keeps, seen by three people: share, delete, bring back, sign out, and the state of the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from tests.cases.servers import Client, open_client, study, wait_until

from kiban.server.access import digest_of, make_token
from kiban.server.sessions import add_token, close_sessions_of
from kiban.server.settings import Settings

from .conftest import LANGUAGES, Watched, watch
from .looking import WIDTHS, wrong_for_readers, wrong_layout, wrong_words

# The focus is on what was said of this plan.
SAID = "(plan) => document.activeElement?.matches('[role=status]') && document.activeElement.innerText.includes(plan)"
ROLES = {"mina": "planner", "kenji": "viewer", "aya": "admin"}


@dataclass
class Office:
    """A server that three people share; `open` gives each a browser that is signed in."""

    client: Client
    tokens: dict[str, str]
    open: Callable[..., Watched]

    def plan(self, share: float) -> str:
        headers = {"authorization": f"Bearer {self.tokens['mina']}"}
        answer = self.client.post("/api/v1/plans", json=study(target__clean_share=share), headers=headers)
        found: str = answer.json()["plan"]["id"]
        return found


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, dict[str, str]]]:
    with open_client(Settings(data=tmp_path_factory.mktemp("data"), token=True, workers=0)) as client:
        tokens = {name: make_token() for name in ROLES}
        for name, role in ROLES.items():
            assert add_token(client.service.store, name, role, digest_of(tokens[name]))
        yield client, tokens


@pytest.fixture
def office(opened: tuple[Client, dict[str, str]], browser: Any) -> Iterator[Office]:
    client, tokens = opened
    contexts = []

    def open_for(name: str, path: str = "/en/saved", width: int = 1280) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
        contexts.append(context)
        base = str(client.base_url).rstrip("/")
        watched = watch(context.new_page(), base)
        assert context.request.post(f"{base}/api/v1/session", data={"token": tokens[name]}).ok
        watched.open(path)
        return watched

    yield Office(client, tokens, open_for)
    for context in contexts:
        context.close()


def row_of(page: Any, plan_id: str) -> Any:
    return page.locator("tr", has_text=plan_id)


def test_what_is_shared_others_read_and_nothing_more(office: Office) -> None:
    plan = office.plan(0.61)
    reader = office.open("kenji")
    assert row_of(reader.page, plan).count() == 0
    owner = office.open("mina")
    row_of(owner.page, plan).get_by_role("button", name="Share").click()
    owner.page.wait_for_function("() => document.activeElement?.textContent.includes('can now be read by everybody')")
    assert "everybody here" in row_of(owner.page, plan).inner_text()
    reader.open("/en/saved")
    row = row_of(reader.page, plan)
    assert "mina" in row.inner_text()
    assert row.get_by_role("button").count() == 0
    # Who may only read opens it too, and asks for no plan of his own.
    row.get_by_role("link").click()
    reader.page.wait_for_selector(".heads dd")
    reader.settle()
    assert "61 % clean" in reader.page.locator(".answer").inner_text()
    assert reader.page.get_by_label("Clean share, hour by hour (%)").input_value() == "61"
    assert reader.page.locator("[role=alert]").count() == 0
    assert reader.page.get_by_role("button", name="Share with others").count() == 0
    row_of(owner.page, plan).get_by_role("button", name="Stop sharing").click()
    owner.page.wait_for_function("() => document.activeElement?.textContent.includes('by its owner only')")
    reader.open("/en/saved")
    assert row_of(reader.page, plan).count() == 0
    assert reader.faults + owner.faults == []


def test_a_plan_is_shared_where_it_is_shown_and_the_address_opens_it(office: Office) -> None:
    plan = office.plan(0.62)
    owner = office.open("mina", f"/en/build?base={plan}")
    owner.page.get_by_role("button", name="Share with others").click()
    link = owner.page.get_by_role("status").get_by_role("link")
    link.wait_for()
    assert link.inner_text() == link.evaluate("(link) => link.href")
    reader = office.open("kenji", link.get_attribute("href"))
    assert "62 % clean" in reader.page.locator(".answer").inner_text()
    # A change of it is a plan of one's own, which needs a greater role.
    reader.page.get_by_label("Clean share, hour by hour (%)").fill("70")
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_selector("[role=alert]")
    assert "planner" in reader.page.locator("[role=alert]").inner_text()
    assert "62 % clean" in reader.page.locator(".answer").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_deleted_is_brought_back_by_keyboard(office: Office, language: str) -> None:
    delete, restore, regions = {
        "en": ("Delete", "Bring back", ("Plans", "Deleted plans")),
        "ja": ("削除する", "元に戻す", ("計画", "削除した計画")),
    }[language]
    plan = office.plan(0.63)
    watched = office.open("mina", f"/{language}/saved")
    kept, gone = (watched.page.get_by_role("region", name=name, exact=True) for name in regions)
    for place, button, other in ((kept, delete, gone), (gone, restore, kept)):
        place.locator("tr", has_text=plan).get_by_role("button", name=button).focus()
        watched.page.keyboard.press("Enter")
        # Whoever acted hears what happened, though the button is gone with its row.
        watched.page.wait_for_function(SAID, arg=plan)
        other.locator("tr", has_text=plan).wait_for()
        assert place.locator("tr", has_text=plan).count() == 0
    assert watched.faults == []


def test_signing_out_ends_the_session(office: Office) -> None:
    watched = office.open("mina")
    page = watched.page
    assert "mina (may plan)" in page.locator("header").inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert page.context.request.get(f"{watched.base}/api/v1/jobs").status == 401
    page.goto(f"{watched.base}/en/build")
    assert page.url.endswith("/sign-in")


def test_a_session_that_has_ended_is_told_with_a_way_in(office: Office) -> None:
    plan = office.plan(0.64)
    page = office.open("mina").page
    assert close_sessions_of(office.client.service.store, "mina") >= 1
    row_of(page, plan).get_by_role("button", name="Delete").click()
    alert = page.get_by_role("alert")
    assert alert.get_by_role("link", name="Sign in").get_attribute("href") == "/sign-in"
    assert row_of(page, plan).count() == 1


def test_the_audit_log_is_shown_to_its_keeper_with_what_is_wrong(office: Office) -> None:
    assert office.open("mina").page.get_by_role("heading", name="Audit log").count() == 0
    plan, log = office.plan(0.65), office.client.service.audit
    wait_until(lambda: [row for row in log.read(5) if row["subject"] == plan])
    log.sign_head()
    head = log.newest_head()
    assert head is not None
    page = office.open("aya").page
    page.get_by_text("Checked", exact=True).wait_for()
    said = page.locator("section", has=page.get_by_role("heading", name="Audit log")).inner_text()
    for part in ("The audit log is whole", f"no. {head['number']}", head["hash"], head["key"], "POST /plans", plan):
        assert part in said
    assert page.locator("dt:text-is('Signed') + dd").inner_text()[-5:-3].isdigit()
    with office.client.service.store.engine.begin() as connection:
        (who,) = connection.execute(sa.text("select who from audit where number = 2")).one()
        connection.execute(sa.text("update audit set who = 'nobody' where number = 2"))
    try:
        page.reload()
        page.get_by_text("Not whole", exact=True).wait_for()
        assert "row 2 was changed" in page.get_by_role("status").last.inner_text()
    finally:
        with office.client.service.store.engine.begin() as connection:
            connection.execute(sa.text("update audit set who = :who where number = 2"), {"who": who})


@pytest.mark.parametrize("width", WIDTHS)
def test_the_keepers_screen_is_whole_in_both_languages(office: Office, width: int) -> None:
    plan = office.plan(0.66)
    headers = {"authorization": f"Bearer {office.tokens['mina']}"}
    assert office.client.delete(f"/api/v1/plans/{plan}", headers=headers).status_code == 204
    asked = {**study(target__clean_share=0.67), "mode": "job"}
    assert office.client.post("/api/v1/plans", json=asked, headers=headers).status_code == 202
    for language in LANGUAGES:
        watched = office.open("aya", f"/{language}/saved", width)
        watched.page.wait_for_selector("dl.facts")
        assert watched.page.get_by_role("region").count() == 4
        assert wrong_words(watched.page, language) == []
        assert wrong_layout(watched.page, width) == []
        assert wrong_for_readers(watched.page) == []
        assert watched.strangers + watched.faults == []


@pytest.mark.parametrize(
    ("locale", "title"), [("en-GB", "You were not signed in"), ("ja-JP", "サインインできませんでした")]
)
def test_a_failed_sign_in_is_a_page_that_all_can_read(
    opened: tuple[Client, dict[str, str]], browser: Any, locale: str, title: str
) -> None:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 700}, locale=locale)
    page = context.new_page()
    answer = page.goto(f"{str(opened[0].base_url).rstrip('/')}/api/v1/sign-in")
    assert answer is not None
    assert answer.status == 404
    assert page.get_by_role("heading", name=title).count() == 1
    assert wrong_layout(page, WIDTHS[0]) == []
    assert wrong_for_readers(page) == []
    page.locator("a[href='/sign-in']").click()
    page.wait_for_selector("#token")
    context.close()
