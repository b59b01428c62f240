import { createHash } from "node:crypto";
import { compressed, encodingFor } from "../../lib/compress.ts";
import type { Context } from "../env.ts";
import { once } from "./once.ts";
import type { Operation } from "./operations.ts";

/** What was asked for, as far as answering it needs to know. */
export interface Asked {
  id: string;
  /** The fields that are wanted of what is shown; all where it is not said. */
  wanted?: string[];
  bytes?: Uint8Array<ArrayBuffer>;
}

/** The answer of a call, before it is sent. */
export interface Reply {
  status: number;
  type: string;
  text: string | null;
}

/** Does the work of a call and sends its answer: with a tag, compressed where that is worth it. */
export async function send(
  c: Context,
  operation: Operation,
  asked: Asked,
  work: () => unknown,
): Promise<Response> {
  tellDeprecated(c, operation);
  // What is not JSON is read, not done: its handler has made the whole of its answer.
  let whole: Response | undefined;
  const reply = await once(c, operation, asked, async () => {
    const made = await work();
    if (made instanceof Response) whole = made;
    return replyOf(operation, asked, made);
  });
  return whole ?? await respond(c, reply);
}

function replyOf(operation: Operation, { wanted }: Asked, made: unknown): Reply {
  const status = successOf(operation);
  if (status === 204) return { status, type: "", text: null };
  const shown = wanted ? only(wanted, made) : made;
  return { status, type: "application/json", text: JSON.stringify(shown) };
}

/** The status of the success of a call: the first that it says. */
export function successOf({ answers }: Pick<Operation, "answers">): number {
  return Number(Object.keys(answers).find((status) => Number(status) < 300));
}

// Of a list, of each of its items.
function only(names: string[], made: unknown): unknown {
  const pick = (thing: object) =>
    Object.fromEntries(names.filter((name) => name in thing).map((name) => [name, thing[name as never]]));
  const { data } = made as { data?: object[] };
  return Array.isArray(data) ? { ...made as object, data: data.map(pick) } : pick(made as object);
}

/** Sends what is to be answered. Who has it already is told so. */
export async function respond(c: Context, { status, type, text }: Reply): Promise<Response> {
  if (text === null) return c.body(null, status as 204);
  c.header("Content-Type", type);
  c.header("Vary", "Accept-Encoding", { append: true });
  const reads = c.req.method === "GET" || c.req.method === "HEAD";
  let tag = c.res.headers.get("ETag") ?? undefined;
  if (reads && status === 200) {
    tag ??= `"${createHash("sha1").update(text).digest("base64url").slice(0, 20)}"`;
    c.header("ETag", tag);
    if (names(c.req.header("if-none-match"), tag)) return c.body(null, 304);
  }
  const encoding = encodingFor(c.req.header("accept-encoding"));
  const small = encoding && await compressed(text, encoding);
  if (!small) return c.body(text, status as 200);
  c.header("Content-Encoding", encoding);
  // The bytes are others, so a strong tag is another, too.
  if (tag) c.header("ETag", `${tag.slice(0, -1)}-${encoding}"`);
  return c.body(small, status as 200);
}

/** Whether a list of tags has this one, in whichever encoding it was sent. */
export function names(header: string | undefined, tag: string): boolean {
  if (!header) return false;
  if (header.trim() === "*") return true;
  return header.split(",").some((one) => one.trim().replace(/^W\//, "").replace(/-(gzip|br)"$/, '"') === tag);
}

// RFC 9745 and RFC 8594.
function tellDeprecated(c: Context, { deprecated }: Operation) {
  if (!deprecated) return;
  const at = Temporal.Instant.from(deprecated.since);
  c.header("Deprecation", `@${Math.floor(at.epochMilliseconds / 1000)}`);
  if (deprecated.sunset) c.header("Sunset", httpDate(Temporal.Instant.from(deprecated.sunset)));
  if (deprecated.instead) {
    c.header("Link", `<${deprecated.instead}>; rel="successor-version"`, { append: true });
  }
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function httpDate(at: Temporal.Instant): string {
  const utc = at.toZonedDateTimeISO("UTC");
  const two = (n: number) => String(n).padStart(2, "0");
  return `${DAYS[utc.dayOfWeek - 1]}, ${two(utc.day)} ${MONTHS[utc.month - 1]} ${utc.year} ` +
    `${two(utc.hour)}:${two(utc.minute)}:${two(utc.second)} GMT`;
}
