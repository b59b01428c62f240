/** A JSON Schema, as far as it is drawn. */
interface Schema {
  $ref?: string;
  type?: unknown;
  format?: unknown;
  description?: unknown;
  enum?: unknown;
  const?: unknown;
  anyOf?: unknown;
  items?: unknown;
  properties?: unknown;
  required?: unknown;
  default?: unknown;
  minimum?: unknown;
  maximum?: unknown;
}

interface Content {
  description?: string;
  $ref?: string;
  content?: Record<string, { schema: Schema; example?: unknown }>;
}

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  deprecated?: boolean;
  security: unknown[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: Schema }[];
  requestBody?: Content & { required: boolean };
  responses: Record<string, Content>;
}

/** An OpenAPI document, as far as it is drawn. */
interface Described {
  info: { version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; [other: string]: unknown };
}

interface Place {
  method: string;
  path: string;
  operation: Operation;
}

/** Rules that only this page needs. */
export const STYLE =
  ".docs code{overflow-wrap:anywhere}.docs pre{overflow-x:auto;padding:.6rem;border:1px solid;" +
  "border-radius:.4rem}.docs dt{margin-top:.5rem}.docs dd{margin:0 0 0 1rem}.docs summary{padding:.5rem 0}";

/** Every call: what it takes, what it answers, and how to make it. */
export function DocsPage(
  { document, leaveOut, site }: { document: Described; leaveOut: ReadonlySet<string>; site: string },
) {
  const places = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation }))
  ).filter(({ operation }) => !leaveOut.has(operation.operationId));
  const tags = [...new Set(places.flatMap(({ operation }) => operation.tags))];
  const base = `${site}${document.servers[0].url}`;
  return (
    <section class="narrow docs">
      <h1>The API</h1>
      <p>
        Version {document.info.version}, at <code>{base}</code>. Generators of clients read{" "}
        <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1), which says the same.
      </p>
      <About text={document.info.description} />
      <nav aria-label="Subjects">
        <ul>
          {tags.map((tag) => (
            <li>
              <a href={`#${anchorOf(tag)}`}>{tag}</a>
            </li>
          ))}
        </ul>
      </nav>
      {tags.map((tag) => (
        <section>
          <h2 id={anchorOf(tag)}>{tag}</h2>
          {places.filter(({ operation }) => operation.tags.includes(tag)).map((place) => (
            <OperationCard place={place} document={document} base={base} />
          ))}
        </section>
      ))}
      <section>
        <h2 id="shapes">Shapes</h2>
        {Object.entries(document.components.schemas).map(([name, schema]) => (
          <details id={`shape-${name}`} class="card">
            <summary>
              <b>{name}</b>
            </summary>
            <FieldList schema={schema} />
          </details>
        ))}
      </section>
    </section>
  );
}

function OperationCard({ place, document, base }: { place: Place; document: Described; base: string }) {
  const { method, path, operation } = place;
  const { operationId, summary, description, deprecated, parameters, requestBody, responses } = operation;
  return (
    <details id={operationId} class="card">
      <summary>
        <b>
          {method.toUpperCase()} <code>{path}</code>
        </b>
        {` ${summary}`}
        {deprecated && <b>, deprecated: it will go</b>}
      </summary>
      {description && <Sentence text={description} />}
      {parameters.length > 0 && (
        <>
          <h3>Parameters</h3>
          <dl>
            {parameters.map(({ name, in: where, required, description, schema }) => (
              <>
                <dt>
                  <code>{name}</code> {where}, <Kind schema={schema} />
                  {required && ", required"}
                </dt>
                {description && (
                  <dd>
                    <Sentence text={description} />
                  </dd>
                )}
              </>
            ))}
          </dl>
        </>
      )}
      {requestBody && <BodyPart title="Body" part={requestBody} optional={!requestBody.required} />}
      <h3>Answers</h3>
      <dl>
        {Object.entries(responses).map(([status, said]) => (
          <>
            <dt>
              <b>{status === "default" ? "5xx" : status}</b>
            </dt>
            <dd>
              <Sentence text={found(document, said).description ?? ""} />
            </dd>
          </>
        ))}
      </dl>
      {Object.entries(responses).filter(([status]) => status < "3").map(([status, said]) => (
        <BodyPart title={`Answer ${status}`} part={found(document, said)} />
      ))}
      <h3>Try it</h3>
      <pre tabindex={0}><code>{curlOf(place, base)}</code></pre>
    </details>
  );
}

function BodyPart({ title, part, optional }: { title: string; part: Content; optional?: boolean }) {
  const [type, shown] = Object.entries(part.content ?? {})[0] ?? [];
  if (!shown) return null;
  return (
    <>
      <h3>{title}</h3>
      <p>
        <code>{type}</code>
        {optional && ", may be left out"}: <Kind schema={shown.schema} />
      </p>
      {!shown.schema.$ref && <FieldList schema={shown.schema} />}
      {shown.example !== undefined && (
        <pre tabindex={0} aria-label={`${title}, an example`}>
          <code>{JSON.stringify(shown.example, null, 2)}</code>
        </pre>
      )}
    </>
  );
}

function FieldList({ schema }: { schema: Schema }) {
  const fields = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const required = (schema.required ?? []) as string[];
  if (fields.length === 0) return null;
  return (
    <dl>
      {fields.map(([name, field]) => (
        <>
          <dt>
            <code>{name}</code> <Kind schema={field} />
            {required.includes(name) && ", required"}
          </dt>
          {field.description !== undefined && (
            <dd>
              <Sentence text={String(field.description)} />
            </dd>
          )}
        </>
      ))}
    </dl>
  );
}

/** What a value may be, in a few words; what has a name is linked to. */
function Kind({ schema }: { schema: Schema }) {
  const name = schema.$ref?.split("/").at(-1);
  if (name) return <a href={`#shape-${name}`}>{name}</a>;
  if (schema.type === "array") {
    return (
      <>
        list of <Kind schema={(schema.items ?? {}) as Schema} />
      </>
    );
  }
  return <>{kindOf(schema)}</>;
}

function kindOf(schema: Schema): string {
  if (schema.enum) return (schema.enum as string[]).map((value) => `“${value}”`).join(", ");
  if (schema.const !== undefined) return `“${schema.const}”`;
  if (schema.anyOf) return (schema.anyOf as Schema[]).map(kindOf).join(" or ");
  const type = [schema.type ?? "anything"].flat().join(" or ").replace("string", "text");
  const { minimum, maximum } = schema;
  const range = minimum !== undefined && maximum !== undefined
    ? ` from ${minimum} to ${maximum}`
    : minimum !== undefined
    ? ` from ${minimum}`
    : "";
  const otherwise = schema.default === undefined
    ? ""
    : `, ${JSON.stringify(schema.default)} where it is not sent`;
  return `${schema.format ?? type}${range}${otherwise}`;
}

// The description is Markdown, of which it uses blank lines, strong words and code.
function About({ text }: { text: string }) {
  return (
    <>
      {text.split("\n\n").map((paragraph) => (
        <p>
          <Marked text={paragraph} />
        </p>
      ))}
    </>
  );
}

function Sentence({ text }: { text: string }) {
  return (
    <span>
      <Marked text={text} />
    </span>
  );
}

function Marked({ text }: { text: string }) {
  return (
    <>
      {text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) =>
        part.startsWith("`")
          ? <code>{part.slice(1, -1)}</code>
          : part.startsWith("**")
          ? <b>{part.slice(2, -2)}</b>
          : part
      )}
    </>
  );
}

function found(document: Described, said: Content): Content {
  if (!said.$ref) return said;
  const shared = document.components.responses as Record<string, Content>;
  return shared[said.$ref.split("/").at(-1)!];
}

function curlOf({ method, path, operation }: Place, base: string): string {
  const lines = [`curl -s '${base}${path}'`];
  if (method !== "get") lines[0] = `curl -s -X ${method.toUpperCase()} '${base}${path}'`;
  if (operation.security.length > 0) lines.push('-H "authorization: Bearer $token"');
  const [type, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (type) lines.push(`-H 'content-type: ${type}'`);
  if (body?.example !== undefined) lines.push(`-d '${JSON.stringify(body.example).replaceAll("'", "’")}'`);
  return lines.join(" \\\n  ");
}

const anchorOf = (tag: string) => tag.toLowerCase().replaceAll(" ", "-");
