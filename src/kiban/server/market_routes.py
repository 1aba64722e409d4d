"""Addresses of the market: a year by month, some days hour by hour, and what a load does to others."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from kiban.market.campus import ALL_AREAS, bare_load
from kiban.server.bodies import LARGEST_LOAD_MW, ImpactQuestion
from kiban.server.markets import answer_days, answer_impact, answer_year
from kiban.server.problems import refuse
from kiban.server.queueing import queue_job
from kiban.server.service import Json, Planner, Viewer, number

router = APIRouter(prefix="/api/v1")
MOST_DAYS = 31


@router.get("/market", tags=["market"])
def year(caller: Viewer) -> Json:
    """The year of the market without the load: prices, demand and flows by month, prices by week."""
    return Json(answer_year())


@router.get("/market/days", tags=["market"])
def days(
    caller: Viewer,
    first: date,
    count: Annotated[int, Query(alias="days", ge=1, le=MOST_DAYS)] = 7,
    area: Annotated[str, Query(max_length=40)] = ALL_AREAS,
    load_mw: Annotated[float, Query(ge=0, le=LARGEST_LOAD_MW, allow_inf_nan=False)] = 0.0,
) -> Json:
    """Some days hour by hour, without and with a load in an area, or in all as their demand is."""
    return Json(answer_days(first, count, load_mw, area))


@router.post("/impact", tags=["market"])
async def impact(
    question: ImpactQuestion, request: Request, caller: Planner, view: Literal["full", "short"] = "full"
) -> Json:
    """What a load does to the prices and bills of others, as a job; with `view=short` without the market, at once."""
    quick = partial(answer_impact, question.load_mw, question.area, fast=True)
    if view == "short":
        found = await run_in_threadpool(quick)
        return Json(number(found, question.session, question.sequence))
    if question.mode == "instant":
        raise refuse("too-large", "instant", path="mode", seconds="6")
    await run_in_threadpool(bare_load, question.load_mw, question.area)
    asked = {"area": question.area, "load_mw": question.load_mw, "long_run": question.long_run}
    return await queue_job("impact", question.area, asked, question, request, caller)
