interface Shape {
  $ref?: string;
  type?: string | string[];
  format?: string;
  examples?: unknown[];
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Shape[];
  items?: Shape;
  properties?: Record<string, Shape>;
  required?: string[];
  minimum?: number;
}

const OF_FORMAT: Record<string, string> = {
  "uuid": "0190a5c2-7b1e-7c33-9d2a-5f4e8a1b6c70",
  "date-time": "2027-03-01T09:00:00Z",
  "email": "zoe@example.org",
};

/** What stands for a text of this name, where the schema does not say. */
const OF_NAME: Record<string, string> = {
  email: "zoe@example.org",
  name: "Bluebell",
  kind: "room",
  time_zone: "Europe/Berlin",
  password: "a quiet harbour",
  purpose: "Team meeting",
  reason: "The room is being painted",
};

/** Something that a schema allows, made of its own examples where it has any. Optional parts without one are left out. */
export function exampleOf(schema: unknown, schemas: Record<string, unknown>, name = ""): unknown {
  const shape = schema as Shape;
  if (name === "end_time") return "2027-03-01T10:00:00Z";
  if (shape.$ref) return exampleOf(schemas[shape.$ref.split("/").at(-1)!], schemas, name);
  if (shape.examples) return shape.examples[0];
  if (shape.const !== undefined) return shape.const;
  if (shape.enum) return shape.enum[0];
  if (shape.default !== undefined) return shape.default;
  if (shape.anyOf) return exampleOf(shape.anyOf[0], schemas, name);
  const type = Array.isArray(shape.type) ? shape.type[0] : shape.type;
  if (type === "object") return ofObject(shape, schemas);
  if (type === "array") {
    return shape.items ? [exampleOf(shape.items, schemas, name.replace(/s$/, ""))] : [];
  }
  if (type === "integer" || type === "number") return shape.minimum ?? 1;
  if (type === "boolean") return false;
  return OF_FORMAT[shape.format ?? ""] ?? OF_NAME[name] ?? "…";
}

function ofObject({ properties = {}, required = [] }: Shape, schemas: Record<string, unknown>) {
  const shown = Object.entries(properties).filter(([name]) =>
    required.includes(name) || SHOWN.includes(name)
  );
  return Object.fromEntries(shown.map(([name, part]) => [name, exampleOf(part, schemas, name)]));
}

/** Optional fields without which an example would be refused, or say nothing. */
const SHOWN = ["resource_id", "start_time", "end_time", "purpose"];
