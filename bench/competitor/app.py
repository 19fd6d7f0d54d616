"""The competitor of P8: FastAPI and asyncpg with the textbook statement, as their documentation shows them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel

# The cast spares the conversion of a Decimal.
STATEMENT = """
    SELECT day, avg(price)::float8 AS price, count(*) AS count FROM bench.prices
    WHERE orig_code = $1 AND dest_code = $2 AND day BETWEEN $3 AND $4
    GROUP BY day ORDER BY day DESC
"""


class Rate(BaseModel):
    """The average price of a day."""

    day: date
    price: float | None
    count: int


class Rates(BaseModel):
    """The answer of /rates."""

    rates: list[Rate]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the connections; PG* variables name the database."""
    size = int(os.environ["POOL_SIZE"])
    async with asyncpg.create_pool(min_size=size, max_size=size) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/rates")
async def rates(
    request: Request, date_from: date, date_to: date, orig_code: str, dest_code: str
) -> Rates:
    """The days with prices between two ports, newest first."""
    rows = await request.app.state.pool.fetch(
        STATEMENT, orig_code, dest_code, date_from, date_to
    )
    return Rates(rates=[Rate(**row) for row in rows])
