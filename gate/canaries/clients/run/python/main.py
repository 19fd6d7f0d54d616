"""The document says that it is a number."""

import os

from api import Client
from api.api.default import get_item

item = get_item.sync(client=Client(base_url=os.environ["BASE_URL"]))
assert item is not None and isinstance(item.id, int), item
print("ok planted")
