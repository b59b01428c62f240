import { Hono } from "hono";
import type { Env } from "../env.ts";
import { type ApiDocument, documentOf } from "./document.ts";
import type { Operation } from "./operations.ts";
import { respond } from "./replies.ts";

/** The description of the API, for everybody: it does not change while the program runs. */
export function openapi(operations: () => readonly Operation[]): Hono<Env> {
  const router = new Hono<Env>();
  router.get("/openapi.json", (c) => {
    c.header("Cache-Control", "public, max-age=300");
    c.header("Access-Control-Allow-Origin", "*");
    return respond(c, { status: 200, type: "application/json", text: textOf(operations()) });
  });
  return router;
}

let made: { document: ApiDocument; text: string } | undefined;

/** The description of all calls; made at the first time somebody asks. */
export function describe(operations: readonly Operation[]): ApiDocument {
  const document = made?.document ?? documentOf(operations);
  made ??= { document, text: JSON.stringify(document) };
  return document;
}

function textOf(operations: readonly Operation[]): string {
  describe(operations);
  return made!.text;
}
