import { Hono } from "hono";
import { z } from "zod";
import type { Tx } from "../../db/types.ts";
import { Forbidden, Invalid, NotFound } from "../../domain/errors.ts";
import { isReference } from "../../domain/reservations.ts";
import { type Action, permit } from "../../domain/permissions.ts";
import { isId } from "../../lib/ids.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { check } from "../forms.ts";
import { NotSignedIn } from "../refused.ts";
import { jsonBody } from "./bodies.ts";
import { send } from "./replies.ts";

/** An answer: what it has in it, and what it is called; a text alone says that there is nothing in it. */
export type Said = string | z.ZodType | {
  description: string;
  schema?: z.ZodType;
  /** Something else than JSON. */
  type?: string;
  /** Also as lines of JSON, where that is asked for: how far it is, and at last what came of it. */
  line_by_line?: true;
};

/** Everything that is to be known about a call, said once: what is checked, and what is documented. */
export interface Spec<Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  /** The operationId: what a generated client calls it. */
  id: string;
  summary: string;
  /** What else is to be known, in sentences. */
  description?: string;
  /** Anyone at all, whoever is signed in, or those who may do this. */
  who: "anyone" | "signed in" | Action;
  query?: Q;
  body?: B;
  /** Whether it may come without a body. */
  optionalBody?: boolean;
  /** A body of another type than JSON: the handler reads it itself. */
  bodyType?: string;
  /** The answer of success, and what else is to be known about refusals; those that follow from the rest are implied. */
  answers: Partial<Record<200 | 201 | 204 | 401 | 403 | 404 | 409, Said>>;
  /** Whether its id may be the reference that people read aloud. */
  by_reference?: true;
  /** What it shows, one or many: which of its fields are wanted may be said by `fields`. */
  fields?: z.ZodObject;
  /** The tag of the thing as it is, read under a lock: with it, `If-Match` is honoured. */
  tag?: (tx: Tx, c: Context, id: string) => Promise<string>;
  /** Since when nobody should use it any more, until when it is there, and what to use in its place. */
  deprecated?: { since: string; sunset?: string; instead?: string };
}

/** A call with the place where it stands. */
export interface Operation extends Spec {
  method: "get" | "post" | "patch" | "put" | "delete";
  /** From `/api/v1` on, with `:id` for what stands in it. */
  path: string;
  tag_name: string;
  /** The path that it is the second name of. */
  alias_of?: string;
}

type Input<Q extends z.ZodType, B extends z.ZodType> = {
  id: string;
  query: z.output<Q>;
  body: z.output<B>;
};

type Handler<Q extends z.ZodType, B extends z.ZodType> = (c: Context, input: Input<Q, B>) => unknown;

type Add = <Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(
  path: string,
  spec: Spec<Q, B>,
  handler: Handler<Q, B>,
) => void;

/** The calls about one noun. A call that is added here is checked, answered and documented by what it says. */
export interface Calls extends Record<Operation["method"], Add> {
  base: string;
  router: Hono<Env>;
  operations: Operation[];
}

/**
 * A router of calls under `base`. `what` is the noun in the words of an error: “This reservation”. A handler answers
 * with the body of its success; of a list, with `page()`.
 */
export function calls(base: string, tag_name: string, what = "This"): Calls {
  const router = new Hono<Env>();
  const operations: Operation[] = [];
  const add = (method: Operation["method"]): Add => (path, spec, handler) => {
    const operation = {
      ...spec as unknown as Spec,
      ...{ method, path: `${base}${path === "/" ? "" : path}`, tag_name },
    };
    operations.push(operation);
    const answer = answering(operation, what, handler as unknown as Handler<z.ZodType, z.ZodType>);
    router.on(method.toUpperCase(), path, answer);
  };
  return {
    ...{ base, router, operations, get: add("get"), post: add("post"), patch: add("patch") },
    ...{ put: add("put"), delete: add("delete") },
  };
}

function answering(operation: Operation, what: string, handler: Handler<z.ZodType, z.ZodType>) {
  const named = operation.path.includes(":id");
  const query = operation.query ?? z.unknown();
  return async (c: Context): Promise<Response> => {
    mayCall(c, operation);
    const id = named ? idOf(c, operation, what) : "";
    const given = c.req.query();
    const wanted = fieldsOf(operation, given.fields);
    const asked = check(query, operation.query && withoutEmpty(given));
    const read = operation.body && !operation.bodyType ? await jsonBody(c, operation) : undefined;
    const body = operation.body && read ? check(operation.body, read.value) : undefined;
    const work = () => handler(c, { id, query: asked, body });
    return await send(c, operation, { id, wanted, bytes: read?.bytes }, work);
  };
}

function mayCall(c: Context, { who, path }: Operation) {
  if (who === "anyone") return;
  if (!c.get("actor")) throw new NotSignedIn();
  if (c.get("lacks_factor") && path !== "/auth/logout") {
    throw new Forbidden(
      `Set up a second factor first: ${c.get("house").config.BASE_URL}/account/second-factor`,
    );
  }
  if (who !== "signed in") permit(actorOf(c), who);
  const scope = c.get("scope");
  if (scope && scope !== "admin" && who.startsWith("manage_") && c.req.method !== "GET") {
    throw new Forbidden(
      `This token is for ${scope === "read" ? "reading" : "reading and writing"}: it may not manage`,
    );
  }
}

function idOf(c: Context, { by_reference }: Operation, what: string): string {
  const id = c.req.param("id") ?? "";
  if (!isId(id) && !(by_reference && isReference(id))) throw new NotFound(what);
  return id;
}

// A parameter that is there without a value says nothing, as an empty field of a form does.
function withoutEmpty(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
}

function fieldsOf({ fields }: Operation, given: string | undefined): string[] | undefined {
  if (!fields || !given) return undefined;
  const names = given.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(fields.shape, name));
  if (unknown === undefined) return names;
  const message = `There is no field ${unknown.slice(0, 40)}: ${Object.keys(fields.shape).join(", ")}`;
  throw new Invalid([{ path: "fields", message }]);
}
