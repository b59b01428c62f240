import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Got, Sent } from "./wire.ts";

// What an answer has to be, by the document that the server gives out and by nothing of its source.

interface Said {
  $ref?: string;
  content?: Record<string, { schema: unknown }>;
}

interface Method {
  operationId: string;
  tags: string[];
  description?: string;
  security: unknown[];
  parameters: { name: string; in: "path" | "query" | "header"; required: boolean; schema: Shape }[];
  requestBody?: { content: Record<string, { schema: Shape; example?: unknown }> };
  responses: Record<string, Said>;
}

/** A JSON Schema, as far as requests are made of it. */
export interface Shape {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  examples?: unknown[];
  const?: unknown;
  anyOf?: Shape[];
  items?: Shape;
  properties?: Record<string, Shape>;
  required?: string[];
}

/** An OpenAPI document, as a stranger reads it. */
export interface Document {
  paths: Record<string, Record<string, Method>>;
  components: { schemas: Record<string, Shape>; responses: Record<string, Said> };
}

/** A call that is in the document. */
export interface Described extends Method {
  method: string;
  path: string;
}

/** Every call of a document. */
export function describedIn(document: Document): Described[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, said]) => ({ ...said, method: method.toUpperCase(), path }))
  );
}

/** The roles that may make a call; the document says it in a sentence. */
export function rolesFor({ security, description = "" }: Described): string[] {
  if (security.length === 0) return ["nobody", "user", "staff", "admin"];
  if (description.includes("For administrators.")) return ["admin"];
  if (description.includes("For staff and administrators.")) return ["staff", "admin"];
  return ["user", "staff", "admin"];
}

/** What no answer may let out: where in the source it broke, and what the database says to programs. */
export const SECRETS =
  /\bat .{0,200}\.[jt]sx?:\d+|file:\/\/|node_modules|PostgresError|TypeError|RangeError|SyntaxError|syntax error at|violates \w+|duplicate key|relation "|invalid input syntax|invalid byte sequence|unsupported Unicode|search_path|pg_catalog|(?:insert into|delete from|select .{1,40} from) (?:users|history|allocations|resources|reservations)\b/;

/** A judge of answers by a document: it answers everything that is wrong with one. */
export function judgeBy(document: Document): (call: Described | undefined, sent: Sent, got: Got) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  // It is typed for another draft of the same schemas.
  addFormats.default(ajv as never);
  ajv.addSchema({ $id: "document.json", components: document.components });
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  const wrongIn = (schema: unknown, value: unknown): string[] => {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document.json#/components');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    return validate(value) ? [] : [`not as described: ${ajv.errorsText(validate.errors)}`];
  };
  const resolved = (said: Said): Said =>
    said.$ref ? document.components.responses[said.$ref.split("/").at(-1)!] : said;
  const problem = { $ref: "#/components/schemas/Problem" };

  return (call, sent, { status, headers, text }) => {
    const wrong: string[] = [];
    const type = headers.get("content-type");
    if (status >= 500) wrong.push("something broke");
    if (headers.has("x-injected")) wrong.push("a header came through");
    if (!headers.has("x-request-id")) wrong.push("it was not answered by the site");
    if (sent.method === "HEAD") return text === "" ? wrong : [...wrong, "a body came for HEAD"];
    if (status >= 400) {
      if (SECRETS.test(text)) wrong.push(`it says too much: ${SECRETS.exec(text)![0]}`);
      if (type !== "application/problem+json") return [...wrong, `its type is ${type}`];
      const json = JSON.parse(text);
      wrong.push(...wrongIn(problem, json));
      if (json.status !== status) wrong.push(`it says ${json.status}`);
    }
    if (!call) return wrong;
    const said = call.responses[status];
    if (!said) return [...wrong, `${call.operationId} says nothing of ${status}`];
    const { content } = resolved(said);
    if (!content) return text === "" ? wrong : [...wrong, "a body came where none is described"];
    const schema = content[type?.split(";")[0] ?? ""]?.schema;
    if (!schema) return [...wrong, `its type is ${type}`];
    if (!/^application\/(\w+\+)?json$/.test(type?.split(";")[0] ?? "")) return wrong;
    // Some fields alone leave out what is required otherwise, as the document says.
    if (status < 300 && /[?&]fields=[^&]/.test(sent.target)) return wrong;
    return [...wrong, ...wrongIn(schema, JSON.parse(text))];
  };
}
