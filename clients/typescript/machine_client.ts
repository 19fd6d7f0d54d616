// Creates a machine client, and uploads a batch of prices with its token.

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Batch = components["schemas"]["Batch"];

const day = "1995-04-02";
const price = (dollars: number, orig_code = "CNGGZ") => ({ orig_code, dest_code: "EETLL", day, price: dollars });

function holds(condition: boolean, what: unknown): asserts condition {
  if (!condition) throw new Error(JSON.stringify(what));
}

async function token(admin: Client<paths>, baseUrl: string): Promise<string> {
  const { data: created, error } = await admin.POST("/clients", {
    body: { name: "A generated client", scopes: ["rates:write"] },
  });
  holds(created !== undefined, error);
  const path = { id: created.id };
  const { data: added } = await admin.POST("/clients/{id}/secrets", { params: { path } });
  holds(added !== undefined, "no secret");
  // Another client, because that of the administrator sends its token with every request.
  const { data: issued, error: refused } = await createClient<paths>({ baseUrl }).POST("/oauth/token", {
    body: { grant_type: "client_credentials" },
    bodySerializer: (form) => new URLSearchParams({ grant_type: form.grant_type }),
    headers: {
      Authorization: `Basic ${btoa(`${created.id}:${added.secret}`)}`,
      "Content-Type": "application/x-www-form-urlencoded",
    },
  });
  holds(issued !== undefined && issued.scope === "rates:write", refused);
  return issued.access_token;
}

export async function machineClient(admin: Client<paths>, baseUrl: string, ok: (name: string) => void): Promise<void> {
  const headers = { Authorization: `Bearer ${await token(admin, baseUrl)}` };
  const client = createClient<paths>({ baseUrl, headers });
  ok("a token for a secret");

  const upload = (key: string, body: ReturnType<typeof price>[], Prefer?: string) =>
    client.POST("/rates/batches", { params: { header: { "Idempotency-Key": key, Prefer } }, body });
  const places = { orig_code: "CNGGZ", dest_code: "EETLL" };
  const pricesOfDay = async (): Promise<number> => {
    const query = { date_from: day, date_to: day, ...places };
    const { data: rates } = await client.GET("/rates", { params: { query } });
    holds(rates !== undefined && !Array.isArray(rates), rates);
    return rates.rates[0]?.count ?? 0;
  };

  const key = crypto.randomUUID();
  const prices = [1000, 1100, 1201].map((dollars) => price(dollars));
  const accepted = await upload(key, prices);
  holds(accepted.response.status === 202 && accepted.data !== undefined, accepted.error);
  const path = { id: accepted.data.id };
  let batch: Batch | undefined = accepted.data;
  for (let polls = 0; batch !== undefined && ["receiving", "queued", "running"].includes(batch.state); polls++) {
    holds(polls < 300, batch);
    await new Promise((resolve) => setTimeout(resolve, 100));
    batch = (await client.GET("/rates/batches/{id}", { params: { path } })).data;
  }
  holds(batch?.state === "committed" && batch.rows_done === 3 && batch.stored_as === path.id, batch);
  holds((await pricesOfDay()) === 3, "the prices are not in the answer");
  ok("an upload by a machine client");

  const repeated = await upload(key, prices, "wait=10");
  holds(repeated.data?.id === path.id, repeated.error);
  ok("a repeated upload is the same batch");

  const refused = await upload(crypto.randomUUID(), [price(1), price(2, "ZZZZZ")], "wait=10");
  const error = refused.error?.errors?.[0];
  holds(refused.response.status === 422 && error?.field === "orig_code" && error.line === 2, refused.error);
  ok("an invalid row is 422");

  const { data: withdrawn } = await client.DELETE("/rates/batches/{id}", { params: { path } });
  holds(withdrawn?.state === "withdrawn" && (await pricesOfDay()) === 0, withdrawn);
  ok("a batch is withdrawn");
}
