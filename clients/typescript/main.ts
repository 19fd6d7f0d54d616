// Uses a client typed by openapi-typescript against the service at BASE_URL, and prints `ok NAME` for each check.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";
import { machineClient } from "./machine_client.js";

declare const process: { env: Record<string, string | undefined> };

type Rates = components["schemas"]["Rates"];

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function holds(condition: boolean, what: unknown): asserts condition {
  if (!condition) throw new Error(JSON.stringify(what));
}

function ok(name: string): void {
  console.log(`ok ${name}`);
}

const client = createClient<paths>({ baseUrl: setting("BASE_URL") });
const january = { date_from: "2021-01-01", date_to: "2021-01-31" };
const codes = { orig_code: "CNGGZ", dest_code: "EETLL" };

async function rates(): Promise<void> {
  const get = async (places: object): Promise<Rates | undefined> =>
    (await client.GET("/rates", { params: { query: { ...january, ...places } } })).data;

  const counted = await get(codes);
  holds(counted !== undefined && !Array.isArray(counted), counted);
  holds(counted.rates.length === 31 && counted.rates[0]?.day === january.date_to, counted);
  holds(counted.rates.some((rate) => typeof rate.price === "number"), counted);
  ok("rates as an object");

  const rounded = await get({ origin: "china_main", destination: "EETLL" });
  holds(Array.isArray(rounded), rounded);
  holds(rounded.length === 31 && rounded[0]?.day === january.date_from, rounded);
  holds(rounded.some((rate) => Number.isInteger(rate.average_price)), rounded);
  ok("rates as an array");

  const csv = await client.GET("/rates.csv", { params: { query: { ...january, ...codes } }, parseAs: "text" });
  const lines: string[] = csv.data?.trimEnd().split("\r\n") ?? [];
  holds(lines[0] === "day,price,count" && lines.length === 32, lines);
  ok("rates as CSV");

  const unknown = await client.GET("/rates", { params: { query: { ...january, ...codes, orig_code: "ZZZZZ" } } });
  holds(unknown.response.status === 404 && unknown.error?.status === 404, unknown.error);
  ok("an unknown place is 404");

  const reversed = { date_from: january.date_to, date_to: january.date_from };
  const invalid = await client.GET("/rates.csv", { params: { query: { ...reversed, ...codes } }, parseAs: "text" });
  const problem = invalid.error;
  holds(invalid.response.status === 400 && problem?.errors?.[0]?.field === "date_from", problem);
  ok("an invalid range is 400");
}

async function lanes(): Promise<void> {
  const requested = [...Array<object>(99).fill(codes), { origin: "CNGGZ", destination: "atlantis" }];
  const { data: answer } = await client.POST("/rates/query", { body: { ...january, lanes: requested } });
  const [found, unknown] = [answer?.lanes[0], answer?.lanes[99]];
  holds(answer?.lanes.length === 100 && found?.orig_code === "CNGGZ", found);
  holds(found.rates?.length === 31 && typeof found.rates[0]?.price === "number", found);
  holds(unknown?.error?.fields[0] === "destination", unknown);
  ok("rates of 100 lanes");

  const query = { ...january, origin: "china_main" };
  const exported = await client.GET("/rates/export", { params: { query }, parseAs: "text" });
  const rows: string[] = exported.data?.trimEnd().split("\r\n") ?? [];
  holds(rows[0] === "orig_code,dest_code,day,price_sum,price_count,price" && rows.length > 31, rows[0]);
  ok("an export as CSV");
}

async function account(email: string, password: string): Promise<void> {
  const { data: tokens, error } = await client.POST("/auth/login", { body: { email, password } });
  holds(tokens !== undefined, error);
  ok("log in");

  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
    },
  });
  const { data: users } = await client.GET("/users");
  holds(users !== undefined && users.users.some((user) => user.email === email), users);
  ok("list users");

  const { data: wish } = await client.POST("/wishes", { body: { title: "See the northern lights" } });
  holds(wish?.title === "See the northern lights" && !wish.done, wish);
  ok("create a wish");

  await machineClient(client, setting("BASE_URL"), ok);
}

await rates();
await lanes();
await account(setting("EMAIL"), setting("PASSWORD"));
