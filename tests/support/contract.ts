import assert from "node:assert/strict";
import { z } from "zod";
import { Problem } from "../../routes/api/answers.ts";
import { isSchema, LINES, refusalsOf } from "../../routes/api/document.ts";
import { OPERATIONS } from "../../routes/api/mod.ts";
import type { Operation } from "../../routes/api/operations.ts";

/** Of what any call may be answered, whatever it says of itself: its address is broken, its body too
 * large, it asks too often, or something broke. */
const ALWAYS = [400, 413, 429, 500, 503];

/**
 * Holds an answer of the API against what is documented: its status, its type, and everything that is in it. Every
 * answer that a test sees comes through here.
 */
export async function assertAsDocumented(request: Request, response: Response): Promise<void> {
  const { pathname, searchParams } = new URL(request.url);
  if (!pathname.startsWith("/api/v1/") || request.method === "HEAD" || request.method === "OPTIONS") return;
  const { status, headers } = response;
  const where = `${request.method} ${pathname} answered ${status}`;
  const body = headers.has("content-encoding") ? undefined : await response.clone().text();
  const type = headers.get("content-type");
  if (status >= 400) {
    assert.equal(type, "application/problem+json", where);
    fits(Problem, body, where);
  }
  const operation = operationFor(request.method, pathname.slice("/api/v1".length));
  if (!operation) {
    assert(status === 404 || status === 405 || pathname === "/api/v1/openapi.json", where);
    return;
  }
  const said = operation.answers[status as 200];
  const known = said !== undefined || refusalsOf(operation).includes(status) || ALWAYS.includes(status) ||
    status === 304;
  assert(known, `${where}, of which ${operation.id} says nothing`);
  if (status >= 300) return;
  if (typeof said === "string") return assert.equal(body, "", where);
  const { schema, type: wanted = "application/json", line_by_line } = isSchema(said!)
    ? { schema: said, type: undefined }
    : said!;
  if (line_by_line && type === LINES) return;
  assert.equal(type?.split(";")[0], wanted, where);
  if (schema) fits(searchParams.get("fields") ? partly(schema, operation) : schema, body, where);
}

/** What documents a request to a path from `/api/v1` on; undefined where nothing does. */
export function operationFor(method: string, path: string): Operation | undefined {
  return OPERATIONS.find((operation) =>
    operation.method === method.toLowerCase() &&
    new RegExp(`^${operation.path.replace(":id", "[^/]+")}$`).test(path) &&
    !(operation.path.endsWith("/:id") && OPERATIONS.some((other) => other.path === path))
  );
}

function fits(schema: z.ZodType, body: string | undefined, where: string) {
  if (body === undefined) return;
  const read = schema.safeParse(JSON.parse(body));
  assert(
    read.success,
    `${where}, which is not as documented: ${read.error && z.prettifyError(read.error)}\n${body}`,
  );
}

function partly(schema: z.ZodType, { fields }: Operation): z.ZodType {
  const part = fields!.partial();
  return schema instanceof z.ZodObject && "next_cursor" in schema.shape
    ? schema.extend({ data: z.array(part) })
    : part;
}
