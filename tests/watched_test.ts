import assert from "node:assert/strict";
import { Secret, TOTP } from "otpauth";
import { parse } from "yaml";
import { createReset } from "../domain/auth/resets.ts";
import { openDoor } from "../domain/doors.ts";
import { newId, newSecret } from "../lib/ids.ts";
import { codeOfDoor, signatureOf } from "../routes/signatures.ts";
import { SECRET_KEY } from "./support/app.ts";
import { makeCast, makeResource, PASSWORD } from "./support/cast.ts";
import { testDatabase } from "./support/database.ts";
import { readExposition } from "./support/exposition.ts";
import { startProgram, until } from "./support/program.ts";

/** A span as a collector is told of it. */
interface Told {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Record<string, unknown>;
}

interface Exported {
  resourceSpans?: { scopeSpans: { spans: (Omit<Told, "attributes"> & { attributes?: Attribute[] })[] }[] }[];
}
interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

/** A collector of OpenTelemetry on this machine that remembers what it is sent, but for what ours takes away. */
async function collector() {
  const { processors } = parse(
    await Deno.readTextFile(new URL("../docs/otel-collector.yml", import.meta.url)),
  );
  const gone: string[] = processors.attributes.actions.map(({ key }: { key: string }) => key);
  const spans: Told[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { resourceSpans = [] }: Exported = await request.json();
    for (const { scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const attributes = (span.attributes ?? []).filter(({ key }) => !gone.includes(key))
          .map(({ key, value }) => [key, Object.values(value)[0]]);
        spans.push({ ...span, attributes: Object.fromEntries(attributes) });
      }
    }
    return Response.json({});
  });
  return {
    ...{ spans, url: `http://127.0.0.1:${server.addr.port}`, text: () => JSON.stringify(spans) },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("who watches over a site sees what happens in it, and no secret", async (t) => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  const { sql } = database;
  const now = Temporal.Now.instant().round("microsecond");
  const cast = await makeCast(sql, now);
  const hall = await makeResource(sql, cast.ada, { name: "Hall" }, now);
  const traces = stack.use(await collector());
  const { origin, said } = stack.use(
    await startProgram(database, {
      ...{ OTEL_DENO: "true", OTEL_SERVICE_NAME: "holdfast", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: traces.url, OTEL_BSP_SCHEDULE_DELAY: "200" },
    }),
  );

  const secrets: Record<string, string> = { password: PASSWORD, "key of the site": SECRET_KEY };
  async function send(path: string, init: RequestInit & { headers?: Record<string, string> } = {}) {
    const answer = await fetch(`${origin}${path}`, { redirect: "manual", ...init });
    const body = await answer.text();
    return { answer, status: answer.status, body, id: answer.headers.get("x-request-id")! };
  }
  const json = (body: unknown, headers: Record<string, string> = {}) => ({
    ...{ method: "POST", body: JSON.stringify(body) },
    headers: { "content-type": "application/json", ...headers },
  });
  const form = (values: Record<string, string>) => ({ method: "POST", body: new URLSearchParams(values) });

  // By the form, by the API, wrongly and rightly.
  secrets["wrong password"] = "a password that is not it";
  await send("/login", form({ email: "bob@holdfast.test", password: secrets["wrong password"] }));
  const { answer: signed } = await send("/login", form({ email: "bob@holdfast.test", password: PASSWORD }));
  for (const [i, cookie] of signed.headers.getSetCookie().entries()) {
    secrets[`cookie ${i}`] = cookie.split(";")[0].split("=").slice(1).join("=");
  }
  const cookie = signed.headers.getSetCookie().map((set) => set.split(";")[0]).join("; ");
  const { body } = await send("/api/v1/auth/login", json({ email: "bob@holdfast.test", password: PASSWORD }));
  const { access_token, refresh_token } = JSON.parse(body);
  Object.assign(secrets, { access_token, refresh_token });
  const bearer = { authorization: `Bearer ${access_token}` };
  const again = await send("/api/v1/auth/refresh", json({ refresh_token }));
  secrets["second refresh token"] = JSON.parse(again.body).refresh_token;
  await send("/api/v1/auth/refresh", json({ refresh_token: newSecret(32) }));

  // A second factor, from its key to its codes, and the cookie between the two steps.
  const cookieOf = ({ answer }: { answer: Response }) =>
    answer.headers.getSetCookie().map((set) => set.split(";")[0]).join("; ");
  const sue = form({ email: "sue@holdfast.test", password: PASSWORD });
  const sues = { headers: { cookie: cookieOf(await send("/login", sue)) } };
  await send("/account/second-factor/begin", { ...form({ confirm: PASSWORD }), ...sues });
  const { body: enrolling } = await send("/account/second-factor", sues);
  secrets["key of a second factor"] = /secret=([A-Z2-7]{32})/.exec(enrolling)![1];
  const app = new TOTP({ secret: Secret.fromBase32(secrets["key of a second factor"]) });
  // Between two codes the first may be too late.
  const confirm = () =>
    send("/account/second-factor/confirm", { ...form({ code: app.generate() }), ...sues });
  const tried = await confirm();
  const on = tried.status === 303 ? tried : await confirm();
  secrets["code to fall back on"] = /([a-z1-9]{4}-){5}[a-z1-9]{4}/.exec(decodeURIComponent(cookieOf(on)))![0];
  const between = await send("/login", sue);
  secrets["cookie between two steps"] = cookieOf(between).split("holdfast_second=")[1].split(";")[0];
  const wrong = {
    ...form({ code: `${secrets["code to fall back on"]}x` }),
    headers: { cookie: cookieOf(between) },
  };
  const wrongCode = await send("/login/code", wrong);

  // What opens something for whoever has it.
  const made = await send(
    "/api/v1/auth/tokens",
    json({ name: "Script", scope: "write", days: 3 }, { cookie }),
  );
  secrets["personal token"] = /hf_[\w-]+/.exec(made.body)![0];
  await send("/api/v1/reservations", { headers: { authorization: `Bearer ${secrets["personal token"]}` } });
  secrets["reset link"] = (await createReset(sql, cast.ada, cast.alice.id, now)).token;
  await send(`/reset/${secrets["reset link"]}`);
  secrets["new password"] = "the new password of Alice";
  await send(`/reset/${secrets["reset link"]}`, form({ password: secrets["new password"] }));
  await send(`/reset/${secrets["reset link"]}/further`);
  const door = await openDoor(sql, cast.ada, { resource_id: hall.id, names: true }, now);
  secrets["signature of a door"] = signatureOf(SECRET_KEY, `door ${door}`);
  await send(`/door/${door}?key=${secrets["signature of a door"]}`);
  secrets["code of a door"] = codeOfDoor(SECRET_KEY, door);
  await send(`/in/${secrets["code of a door"]}`, { headers: { cookie } });
  secrets["idempotency key"] = newSecret(24);
  const wish = {
    resource_id: hall.id,
    purpose: "A purpose that is nobody's business",
    ...{ start_time: `${now.add({ hours: 30 })}`, end_time: `${now.add({ hours: 31 })}` },
  };
  secrets.purpose = wish.purpose;
  const keyed = json(wish, { ...bearer, "idempotency-key": secrets["idempotency key"] });
  const stored = await send("/api/v1/reservations", keyed);
  const repeated = await send("/api/v1/reservations", keyed);
  const refused = await send(
    "/api/v1/reservations",
    json(wish, { cookie, "x-request-id": "chosen-by-caller" }),
  );
  await send("/admin/users", { headers: { cookie, "x-request-id": "not-allowed-to-bob" } });
  const injected = await send("/nowhere%0Aforged%20line", { headers: { cookie } });
  // Something that breaks: its words go into the log whole.
  await sql`alter table series rename to elsewhere`;
  const broken = await send(`/series/${newId()}`, { headers: { cookie } });
  await sql`alter table elsewhere rename to series`;
  // What broke has two lines, which may be written at different moments.
  await until(() => said().split(broken.id).length > 2 && said().includes(injected.id));
  const lines = said().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const linesOf = (id: string) => lines.filter(({ properties }) => properties.request_id === id);

  await t.step("the journey was made as it is told here", () => {
    assert.deepEqual(
      [signed, on, wrongCode, made, stored, repeated, refused, broken].map(({ status }) => status),
      [303, 303, 422, 201, 201, 201, 409, 500],
      `${made.body}${broken.body}`,
    );
    assert(
      Object.values(secrets).every((secret) => secret?.length > 10),
      JSON.stringify(Object.keys(secrets)),
    );
  });
  await t.step("every answer has a line with its id, its route, its person and how long it took", () => {
    const [line] = linesOf(stored.id);
    const { method, route, status, user_id, ms } = line.properties;
    assert.deepEqual({ method, route, status, user_id }, {
      ...{ method: "POST", route: "/api/v1/reservations", status: 201, user_id: cast.bob.id },
    });
    assert(ms > 0 && line.level && line["@timestamp"], JSON.stringify(line));
  });
  await t.step("what was refused has the reason, and the id that its caller chose", () => {
    const [line] = linesOf("chosen-by-caller");
    assert.equal(refused.id, "chosen-by-caller");
    assert.deepEqual([line.properties.status, line.properties.conflict], [409, "slot"]);
  });
  await t.step("a wrong password leaves a line with where it came from, and whose it was not", () => {
    const told = lines.filter(({ message }) => message === "Wrong password from 127.0.0.1");
    assert.equal(told.length, 1);
    assert.doesNotMatch(JSON.stringify(told), /bob/);
  });
  await t.step("so does a wrong code of a second factor", () => {
    assert.equal(lines.filter(({ message }) => message === "Wrong code from 127.0.0.1").length, 1);
  });
  await t.step("what somebody may not do is told with who tried it", () => {
    const [{ properties }] = linesOf("not-allowed-to-bob");
    const { status, route, user_id } = properties;
    assert.deepEqual([status, route, user_id], [403, "/admin/users", cast.bob.id]);
  });
  await t.step("what breaks is told whole, under the same id and person as its answer", () => {
    const told = linesOf(broken.id);
    assert.equal(told.length, 2);
    assert.match(told[0].message, /relation "series" does not exist/);
    assert.match(told[0].properties.stack, /\n +at /);
    assert.deepEqual(told.map(({ properties }) => properties.user_id), [cast.bob.id, cast.bob.id]);
  });
  await t.step("nobody writes a line of their own into the log", () => {
    assert.match(linesOf(injected.id)[0].message, /^GET \/nowhere\S*forged/);
    assert.doesNotMatch(said(), /^forged/m);
  });

  await until(
    () => traces.spans.some(({ attributes }) => attributes["holdfast.request_id"] === injected.id),
    20,
  );
  const spanOf = (id: string) =>
    traces.spans.find(({ attributes }) => attributes["holdfast.request_id"] === id)!;
  await t.step("every request is a span under the name of its route, with its statements inside", () => {
    const span = spanOf(stored.id);
    assert.equal(span.name, "POST /api/v1/reservations");
    assert.equal(span.attributes["http.route"], "/api/v1/reservations");
    const inside = traces.spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);
    assert(
      inside.some(({ name }) => ["WITH", "SELECT", "transaction"].includes(name)),
      JSON.stringify(inside),
    );
    assert.equal(linesOf(stored.id)[0].properties.trace_id, span.traceId);
  });
  await t.step("no name of a span has an id in it", () => {
    assert.deepEqual(traces.spans.filter(({ name }) => /[\da-f]{8}-|reset\/[^:]/.test(name)), []);
  });
  await t.step("the figures that somebody of this machine asks for count the same requests", async () => {
    const figures = readExposition((await send("/metrics")).body);
    const stored = figures.get("holdfast_http_requests_total")!.samples.find(({ labels }) =>
      labels.method === "POST" && labels.route === "/api/v1/reservations" && labels.status === "201"
    );
    assert.equal(stored?.value, 2);
    assert((figures.get("holdfast_data_dir_free_bytes")?.samples[0].value ?? 0) > 0);
  });
  for (const [name, secret] of Object.entries(secrets)) {
    await t.step(`neither the log nor the traces have the ${name} in them`, () => {
      for (
        const way of [secret, encodeURIComponent(secret), encodeURIComponent(secret).replaceAll("%20", "+")]
      ) {
        assert(!said().includes(way), said().split("\n").find((line) => line.includes(way)));
        const at = traces.text().indexOf(way);
        assert.equal(at, -1, traces.text().slice(at - 200, at + 100));
      }
    });
  }
});
