import { Hono } from "hono";
import { DocsPage, STYLE } from "../views/docs.tsx";
import { OPERATIONS } from "./api/mod.ts";
import { describe } from "./api/openapi.ts";
import type { Env } from "./env.ts";
import { page } from "./respond.tsx";

const SECOND_NAMES = new Set(OPERATIONS.flatMap(({ alias_of, id }) => alias_of ? [id] : []));

/** The API described for people, by the same document that programs read. */
export const docs = new Hono<Env>();

docs.get("/api/docs", (c) => {
  const document = describe(OPERATIONS);
  const body = <DocsPage document={document} leaveOut={SECOND_NAMES} site={c.var.house.config.BASE_URL} />;
  return page(c, { title: "The API", body, style: STYLE });
});
