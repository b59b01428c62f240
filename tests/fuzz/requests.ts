import type { Described, Document, Shape } from "../support/judge.ts";
import type { Sent } from "../support/wire.ts";
import { anything, brokenFile, type Dice, NUMBERS, TEXTS, TIMES } from "./nonsense.ts";

/** What a request is made from: the document, who may ask, and what there is by its kind. */
export interface Known {
  document: Document;
  /** A bearer token, or nothing. */
  token: string;
  /** Ids by what a field calls them: `resource`, `user`, `policy`, … */
  ids: Record<string, readonly string[]>;
  /** The columns of the files, by the path that takes them. */
  columns: Record<string, readonly string[]>;
}

export interface Made {
  /** What it was made of; undefined where its path or method is not of the document any more. */
  call?: Described;
  sent: Sent;
  /** Whether it is no HTTP any more, so that the server below the site may answer. */
  broken: boolean;
}

// Passwords are slow to hash, on purpose, and an account that is signed out has nothing more to say.
const RARELY = ["register", "login", "createUser", "logout"];

/** One of the calls of the document. */
export function drawCall(dice: Dice, calls: readonly Described[]): Described {
  const call = dice.pick(calls);
  return RARELY.includes(call.operationId) && !dice.oneIn(8) ? drawCall(dice, calls) : call;
}

/** A request that may succeed. */
export function goodRequest(dice: Dice, known: Known, call: Described): Sent {
  const noun = NOUNS[call.tags[0]];
  const path = call.path.replace("{id}", encode(idOf(dice, known, noun)));
  const query = call.parameters.filter((one) => one.in === "query" && dice.oneIn(3))
    .map(({ name, schema }) => `${encode(name)}=${encode(written(valueOf(dice, known, schema, name)))}`);
  const headers: Sent["headers"] = known.token ? [["authorization", `Bearer ${known.token}`]] : [];
  const sent: Sent = {
    method: call.method,
    target: `/api/v1${path}${query.length ? "?" : ""}${query.join("&")}`,
    headers,
  };
  const [type, content] = Object.entries(call.requestBody?.content ?? {})[0] ?? [];
  if (!type || !content) return sent;
  headers.push(["content-type", type]);
  const columns = known.columns[call.path.replace("bookings", "reservations")];
  if (columns) return { ...sent, body: brokenFile(dice, columns) };
  const value = valueOf(dice, known, content.schema);
  return { ...sent, body: new TextEncoder().encode(JSON.stringify(value)) };
}

// Nonsense has members of any name, so not everything becomes a text by itself.
const written = (value: unknown) => typeof value === "object" ? JSON.stringify(value) : String(value);

const NOUNS: Record<string, string> = {
  ...{ Resources: "resource", People: "user", Groups: "group", Policies: "policy", Closures: "closure" },
  ...{
    Delegations: "delegation",
    "Accounts and tokens": "token",
    Reservations: "reservation",
    Bookings: "reservation",
  },
};

function idOf(dice: Dice, { ids }: Known, noun = "resource"): string {
  const known = ids[noun] ?? [];
  if (known.length > 0 && !dice.oneIn(8)) return dice.pick(known);
  return dice.oneIn(2) ? dice.pick(TEXTS).slice(0, 200) : dice.pick(Object.values(ids).flat());
}

const SOON = Array.from(
  { length: 40 },
  (_, i) => Temporal.Instant.from("2026-05-05T06:00:00Z").add({ minutes: 30 * i }).toString(),
);

/** Something that a schema allows, as a rule: a field may be bad by itself. */
function valueOf(dice: Dice, known: Known, shape: Shape, name = ""): unknown {
  if (dice.oneIn(25)) return anything(dice);
  if (shape.$ref) {
    return valueOf(dice, known, known.document.components.schemas[shape.$ref.split("/").at(-1)!], name);
  }
  if (shape.enum) return dice.pick(shape.enum);
  if (shape.const !== undefined) return shape.const;
  if (shape.anyOf) return valueOf(dice, known, dice.pick(shape.anyOf), name);
  const type = Array.isArray(shape.type) ? dice.pick(shape.type) : shape.type;
  if (type === "object") return objectOf(dice, known, shape);
  if (type === "array") {
    const size = dice.pick([0, 1, 1, 2, 5]);
    return Array.from(
      { length: size },
      () => valueOf(dice, known, shape.items ?? {}, name.replace(/s$/, "")),
    );
  }
  if (type === "integer" || type === "number") return dice.oneIn(3) ? dice.pick(NUMBERS) : dice.below(120);
  if (type === "boolean") return dice.oneIn(2);
  if (type === "null") return null;
  if (!type) return anything(dice);
  return textOf(dice, known, shape, name);
}

function objectOf(dice: Dice, known: Known, { properties = {}, required = [] }: Shape): unknown {
  const chosen = Object.entries(properties).filter(([name]) =>
    required.includes(name)
      ? !dice.oneIn(20)
      : dice.oneIn(3) || /^(resource_id|start_time|end_time)$/.test(name)
  );
  // A name or two of neighbouring times more than none at all.
  const made = chosen.map(([name, part]) => [name, valueOf(dice, known, part, name)]);
  if (dice.oneIn(10)) made.push([dice.pick(TEXTS).slice(0, 80), anything(dice)]);
  const object = Object.fromEntries(made);
  const at = SOON.indexOf(object.start_time);
  if (at >= 0 && "end_time" in object && !dice.oneIn(6)) {
    object.end_time = SOON[Math.min(at + 1 + dice.below(4), 39)];
  }
  return object;
}

function textOf(dice: Dice, known: Known, { format }: Shape, name: string): string {
  const [noun] =
    /^(?:to_|near_)?(resource|policy|user|group|reservation|requester|actor|member|approver)/.exec(name)
      ?.slice(1) ?? [];
  const kind =
    { requester: "user", actor: "user", member: "user", approver: "user", change: "change" }[noun ?? name] ??
      noun;
  if (kind && !dice.oneIn(10)) return idOf(dice, known, kind);
  if (format === "uuid") return idOf(dice, known, dice.pick(Object.keys(known.ids)));
  const wall = /wall/.test(name);
  if (format === "date-time" || wall) {
    const soon = dice.oneIn(5) ? dice.pick(TIMES) : dice.pick(SOON);
    return wall ? soon.slice(0, 16) : soon;
  }
  if (format === "date" || /^(from|until|to|date)$/.test(name)) {
    return dice.oneIn(3)
      ? dice.pick(TIMES)
      : dice.oneIn(2)
      ? `2026-05-${10 + dice.below(20)}`
      : dice.pick(SOON);
  }
  if (name === "email") return `p${dice.below(9_000)}@fuzz.test`;
  if (name === "password") return "a quiet harbour";
  if (name === "time_zone" && !dice.oneIn(4)) {
    return dice.pick(["Europe/Berlin", "Asia/Kathmandu", "America/New_York"]);
  }
  if (name === "kind" && !dice.oneIn(4)) return "room";
  return dice.oneIn(3) ? dice.pick(TEXTS) : `${name} ${dice.below(9_000)}`;
}

/** A text in an address. Half characters are sent as the bytes that they would be. */
export function encode(text: string): string {
  return [...text].map((char) => char.isWellFormed() ? encodeURIComponent(char) : "%ED%A0%80").join("");
}
