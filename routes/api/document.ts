import { z } from "zod";
import { mayAny } from "../../domain/permissions.ts";
import { Problem } from "./answers.ts";
import { exampleOf } from "./examples.ts";
import { takesKey } from "./once.ts";
import type { Operation, Said } from "./operations.ts";

/** A JSON Schema, as far as it is read here. */
export interface Schema {
  [key: string]: unknown;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: Schema;
}

export interface Content {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema; example?: unknown }>;
}

export interface Described {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  deprecated?: true;
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: Omit<Content, "description"> & { required: boolean };
  responses: Record<string, Content | { $ref: string }>;
}

/** OpenAPI 3.1. */
export interface ApiDocument {
  openapi: string;
  info: Record<string, unknown> & { title: string; version: string; description: string };
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Described>>;
  components: Record<string, unknown> & { schemas: Record<string, Schema> };
}

const ABOUT =
  `Reserve shared things, decide on requests, and manage what there is, over the same rules as the pages.

**Who asks.** Send \`Authorization: Bearer …\`: an access token of \`POST /auth/login\`, good for a quarter of an hour, or a
personal token.

**Times** are RFC 3339 with an offset; answers are in UTC with \`Z\`. Periods are half-open. Ids are UUIDs.

**Bodies** are JSON in UTF-8, at most 256 kB. Fields that are not known are ignored, so that what was read can be sent back;
so are parameters that are not known. A parameter without a value counts as not sent.

**Lists** answer \`data\` and \`next_cursor\`, with the next page as a \`Link\`, too. \`fields=id,name\` leaves only these
fields of each thing, whichever of them are required otherwise.

**Errors** are \`application/problem+json\` (RFC 9457). Bad input is 422 with \`errors\`, each with its \`path\`; what is not
yours to know about is 404; a rule, a slot or a status in the way is 409. A path without this method is 405.

**Limits.** \`RateLimit\` says how many calls are left and in how many seconds all of them are, \`RateLimit-Policy\` how
many there are: for a person, or for an address that nobody is signed in from. One too many is 429 with \`Retry-After\`.

**Two headers** make calls safe to repeat. \`Idempotency-Key\` with a POST: the same request with the same key is done
once within 24 hours and answered the same, also where it was refused (409); what was not understood (400, 415, 422) is
not kept. \`If-Match\` with a change: done only where the \`ETag\` that was read still holds.

**New fields** may come with any answer; nothing that is there changes its meaning. What is to go says so with
\`Deprecation\` and \`Sunset\` headers first.`;

/** What a program needs to know about the calls, made of what checks them. */
export function documentOf(operations: readonly Operation[]): ApiDocument {
  const schemas: Record<string, Schema> = {};
  const problem = schemaOf(Problem, "output", schemas);
  const paths: ApiDocument["paths"] = {};
  for (const operation of operations) {
    const path = operation.path.replace(":id", "{id}");
    paths[path] = { ...paths[path], [operation.method]: described(operation, problem, schemas) };
  }
  const tags = [...new Set(operations.map(({ tag_name }) => tag_name))].map((name) => ({
    name,
    description: name === "Bookings" ? "A second name of the reservations." : `${name}.`,
  }));
  return {
    openapi: "3.1.1",
    info: {
      title: "Holdfast",
      version: "1.0.0",
      summary: "A reservation system for shared things",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/api/v1", description: "This site" }],
    tags,
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An access token or a personal token" },
      },
      responses: Object.fromEntries(
        Object.values(IMPLIED).map(([name, said]) => [name, refused(said, problem)]),
      ),
      schemas: Object.fromEntries(Object.entries(schemas).sort()),
    },
  };
}

function described(operation: Operation, problem: Schema, schemas: Record<string, Schema>): Described {
  const { id, tag_name, summary, description, deprecated, who, body, bodyType, optionalBody } = operation;
  const schema = body ? schemaOf(body, "input", schemas) : { type: "string" };
  const requestBody = (body || bodyType) && {
    required: !optionalBody,
    content: { [bodyType ?? "application/json"]: { schema, ...exampled(schema, schemas) } },
  };
  const about = [description, whoSentence(who)].filter(Boolean).join(" ");
  return {
    operationId: id,
    tags: [tag_name],
    summary,
    ...about && { description: about },
    ...deprecated && { deprecated: true },
    security: who === "anyone" ? [] : [{ bearer: [] }],
    parameters: parametersOf(operation, schemas),
    ...requestBody && { requestBody },
    responses: responsesOf(operation, problem, schemas),
  };
}

function whoSentence(who: Operation["who"]): string {
  if (who === "anyone") return "For anyone, without a token.";
  if (who === "signed in" || mayAny("user", who)) return "";
  return mayAny("staff", who) ? "For staff and administrators." : "For administrators.";
}

function parametersOf(operation: Operation, schemas: Record<string, Schema>): Parameter[] {
  const found: Parameter[] = [];
  if (operation.path.includes(":id")) {
    const about = operation.by_reference ? { description: "The id, or the reference, such as R-1042" } : {};
    const schema = { type: "string", ...operation.by_reference ? {} : { format: "uuid" } };
    found.push({ name: "id", in: "path", required: true, ...about, schema });
  }
  const query = operation.query && schemaOf(operation.query, "input", schemas);
  const required = (query?.required ?? []) as string[];
  for (const [name, { description, ...schema }] of Object.entries((query?.properties ?? {}) as Schemas)) {
    const about = description ? { description: String(description) } : {};
    found.push({ name, in: "query", required: required.includes(name), ...about, schema });
  }
  if (operation.fields) {
    const names = Object.keys(operation.fields.shape).join(", ");
    const about = `Only these fields, with commas between them. There are: ${names}`;
    found.push({
      name: "fields",
      in: "query",
      required: false,
      description: about,
      schema: { type: "string" },
    });
  }
  const text = { type: "string" };
  if (takesKey(operation)) {
    const about =
      "Sent again with the same key within 24 hours, the same request is answered the same and done once; " +
      "another request with it is refused with 422";
    found.push({ name: "Idempotency-Key", in: "header", required: false, description: about, schema: text });
  }
  if (takesTag(operation)) {
    const about =
      "The `ETag` of what was read: where it has changed since, nothing is done and the answer is 412. " +
      "Without it, it is changed as it is";
    found.push({ name: "If-Match", in: "header", required: false, description: about, schema: text });
  }
  if (operation.method === "get") {
    const about = "The `ETag` of what is there already: where it is still the same, the answer is 304";
    found.push({ name: "If-None-Match", in: "header", required: false, description: about, schema: text });
  }
  return found;
}

function takesTag({ tag, method }: Operation): boolean {
  return tag !== undefined && method !== "get";
}

type Schemas = Record<string, Schema>;

/** Refusals that follow from what a call takes: their names among the components, and what they say. */
const IMPLIED: Record<number, [name: string, description: string]> = {
  400: ["Unreadable", "The address or the body is not in UTF-8, or the body is not JSON"],
  401: ["NotSignedIn", "Nobody is signed in, or the token is not good any more"],
  403: ["NotAllowed", "Not allowed, or the site wants a second factor to be set up first"],
  404: ["NotFound", "There is nothing of this id that you may know about"],
  412: ["Changed", "It was changed since it was read: see `If-Match`"],
  408: ["TooSlow", "The body did not come in whole in time"],
  413: ["TooLarge", "The body is larger than 256 kB"],
  415: ["OtherType", "The body is of another type"],
  422: ["BadInput", "Bad input: `errors` names each field"],
  429: ["TooMany", "Too many calls: `Retry-After` says how many seconds to wait"],
  500: ["Broken", "Something broke on our side, or the database does not answer"],
};

/** Which refusals follow from what a call takes. */
export function refusalsOf(operation: Operation): number[] {
  const { who, path, body, bodyType, query, fields, method } = operation;
  return [
    400,
    ...(body || bodyType ? [408, 413, 415, 422] : []),
    429,
    ...(who === "anyone" ? [] : [401]),
    ...(method === "get" && who === "anyone" ? [] : [403]),
    ...(path.includes(":id") ? [404] : []),
    ...(query || fields || takesKey(operation) ? [422] : []),
    ...(takesTag(operation) ? [412] : []),
  ];
}

function responsesOf(operation: Operation, problem: Schema, schemas: Schemas): Described["responses"] {
  const shared = (status: number) => ({ $ref: `#/components/responses/${IMPLIED[status][0]}` });
  const answers: Described["responses"] = {};
  for (const status of refusalsOf(operation)) answers[status] = shared(status);
  for (const [status, said] of Object.entries(operation.answers)) {
    answers[status] = Number(status) >= 400 ? refused(said as string, problem) : succeeded(said, schemas);
  }
  if (operation.method === "get") answers[304] = { description: "It is still what `If-None-Match` says" };
  return { ...answers, default: shared(500) };
}

function refused(description: string, problem: Schema): Content {
  return { description, content: { "application/problem+json": { schema: problem } } };
}

/** JSON, a line for each. */
export const LINES = "application/x-ndjson";

function succeeded(said: Said, schemas: Schemas): Content {
  if (typeof said === "string") return { description: said };
  const { schema, type = "application/json", line_by_line, description } = isSchema(said)
    ? { schema: said, description: "Done", type: undefined }
    : said;
  const made = schema ? schemaOf(schema, "output", schemas) : { type: "string" };
  const content: Content["content"] = { [type]: { schema: made, ...exampled(made, schemas) } };
  if (line_by_line) content[LINES] = { schema: { type: "string" } };
  return { description, content };
}

/** Whether what is said of an answer is its schema. */
export function isSchema(said: Said): said is z.ZodType {
  return said instanceof z.ZodType;
}

function exampled(schema: Schema, schemas: Schemas) {
  return schema.type === "string" ? {} : { example: exampleOf(schema, schemas) };
}

// What has a name stands once among the components, and is referred to.
function schemaOf(schema: z.ZodType, io: "input" | "output", schemas: Schemas): Schema {
  const { $schema: _, $defs = {}, ...made } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override({ jsonSchema }) {
      // A format says it shorter; and a client must not stumble over what an answer has besides.
      if (jsonSchema.format) delete jsonSchema.pattern;
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (jsonSchema.type === "integer") {
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      }
      delete jsonSchema.propertyNames;
    },
  }) as Schema;
  for (const [name, part] of Object.entries($defs)) schemas[name] = referring(part);
  const { id, ...whole } = referring(made);
  if (typeof id !== "string") return whole;
  schemas[id] = whole;
  return { $ref: `#/components/schemas/${id}` };
}

function referring(schema: Schema): Schema {
  const text = JSON.stringify(schema).replaceAll("#/$defs/", "#/components/schemas/");
  return JSON.parse(text);
}
