// The document says that it is a number.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

declare const process: { env: Record<string, string> };

const { data } = await createClient<paths>({ baseUrl: process.env["BASE_URL"] }).GET("/items/7");
if (typeof data?.id !== "number") throw new Error(JSON.stringify(data));
console.log("ok planted");
