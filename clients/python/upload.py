"""Uploads a batch of prices with the token of a machine client, follows its job, and withdraws it."""

import datetime
import time
from collections.abc import Callable
from uuid import uuid4

from api import AuthenticatedClient, Client
from api.api.batches import delete_batch, get_batch, upload_batch
from api.api.rates import list_rates
from api.models.batch import Batch
from api.models.counted_rates import CountedRates
from api.models.new_price import NewPrice
from api.models.problem import Problem

DAY = datetime.date(1995, 4, 1)


def price(dollars: int, orig_code: str = "CNGGZ") -> NewPrice:
    return NewPrice(orig_code=orig_code, dest_code="EETLL", day=DAY, price=dollars)


def upload(token: str, url: str, ok: Callable[[str], None]) -> None:
    uploader = AuthenticatedClient(base_url=url, token=token)
    anyone = Client(base_url=url)

    def prices_of_day() -> int:
        rates = list_rates.sync(client=anyone, date_from=DAY, date_to=DAY, orig_code="CNGGZ", dest_code="EETLL")
        assert isinstance(rates, CountedRates), rates
        return rates.rates[0].count or 0

    key, prices = str(uuid4()), [price(dollars) for dollars in (1000, 1100, 1201)]
    batch = upload_batch.sync(client=uploader, body=prices, idempotency_key=key)
    assert isinstance(batch, Batch), batch
    number, end = batch.id, time.monotonic() + 30
    while batch.state in ("receiving", "queued", "running"):
        assert time.monotonic() < end, batch
        time.sleep(0.1)
        batch = get_batch.sync(number, client=uploader)
        assert isinstance(batch, Batch), batch
    assert batch.state == "committed" and batch.rows_done == 3 and batch.stored_as == number, batch
    assert prices_of_day() == 3
    ok("an upload by a machine client")

    repeated = upload_batch.sync(client=uploader, body=prices, idempotency_key=key, prefer="wait=10")
    assert isinstance(repeated, Batch) and repeated.id == number, repeated
    ok("a repeated upload is the same batch")

    invalid = [price(1), price(2, orig_code="ZZZZZ")]
    refused = upload_batch.sync(client=uploader, body=invalid, idempotency_key=str(uuid4()), prefer="wait=10")
    assert isinstance(refused, Problem) and refused.status == 422 and refused.errors, refused
    assert refused.errors[0].field == "orig_code" and refused.errors[0].line == 2, refused
    ok("an invalid row is 422")

    withdrawn = delete_batch.sync(number, client=uploader)
    assert isinstance(withdrawn, Batch) and withdrawn.state == "withdrawn", withdrawn
    assert prices_of_day() == 0
    ok("a batch is withdrawn")
