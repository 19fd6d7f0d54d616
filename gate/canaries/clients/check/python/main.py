"""The document has no such member."""

import os

from api import Client
from api.api.default import get_item

item = get_item.sync(client=Client(base_url=os.environ["BASE_URL"]))
assert item is not None and isinstance(item.name, int), item
print("ok planted")
