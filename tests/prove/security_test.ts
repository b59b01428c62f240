import assert from "node:assert/strict";
import { type Ran, readChecklist, wrongIn } from "../../prove/security/checklist.ts";
import { audit, judge } from "../../prove/security/dependencies.ts";
import { ranIn } from "../../prove/security/run.ts";

const document = () => Deno.readTextFile(new URL("../../docs/security.md", import.meta.url));
const passed = (text: string): Ran[] =>
  readChecklist(text).flatMap(({ shown }) => shown).map(({ file, test }) => ({
    file,
    test,
    outcome: "passed",
  }));
function wrong(text: string, ran = passed(text)) {
  const items = readChecklist(text);
  return wrongIn(items, items.flatMap(({ shown }) => shown), ran);
}

Deno.test("the checklist has every requirement, and says of each how it stands", async () => {
  const text = await document();
  assert.equal(readChecklist(text).length, 253);
  assert.deepEqual(wrong(text), []);
});

Deno.test("a checklist that leaves out, invents, or shows nothing is told so", async () => {
  const text = await document();
  const [line] = /^\| V8\.2\.2 .*$/m.exec(text)!;
  assert.deepEqual(wrong(text.replace(line, "")), ["V8.2.2 is missing"]);
  assert.match(
    wrong(text.replace(line, line.replace("V8.2.2", "V8.2.99"))).join("\n"),
    /V8\.2\.99 is no requirement/,
  );
  assert.deepEqual(wrong(text.replace(line, "| V8.2.2 | 1 | holds | We are sure of that. |")), [
    "V8.2.2 is said to hold, and neither a test nor a document shows it",
  ]);
});

Deno.test("a test that is named and has not run, or has failed, is told so", async () => {
  const text = await document();
  const ran = passed(text);
  const [first] = ran;
  const same = (one: typeof first) => one.file === first.file && one.test === first.test;
  assert.match(wrong(text, ran.filter((one) => !same(one))).join("\n"), /has run no test/);
  const failed = ran.map((one): Ran => same(one) ? { ...one, outcome: "failed" } : one);
  assert.match(wrong(text, failed).join("\n"), /failed/);
});

Deno.test("what ran is read from the report of the run", () => {
  const report =
    `<testsuite><testcase name="Bob&apos;s &quot;x&quot;" classname="./tests/a_test.ts" time="1"></testcase>
    <testcase name="second" classname="./tests/a_test.ts"><failure message="no"></failure></testcase>
    <testcase name="third" classname="./tests/a_test.ts"><skipped/></testcase></testsuite>`;
  assert.deepEqual(ranIn(report), [
    { file: "tests/a_test.ts", test: `Bob's "x"`, outcome: "passed" },
    { file: "tests/a_test.ts", test: "second", outcome: "failed" },
  ]);
});

/** A registry that knows this of every package, or nothing. */
function registry(known: boolean) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const asked = await request.json();
    const advisory = (name: string) => ({
      ...{ id: 1, url: "https://example.org/1", title: "A hole", severity: "high", vulnerable_versions: "*" },
      ...{ name, cwe: [], cvss: { score: 9 }, patched_versions: "none" },
    });
    const names = Object.keys(asked).slice(0, 1);
    return Response.json(known ? Object.fromEntries(names.map((name) => [name, [advisory(name)]])) : {});
  });
  const env = { NPM_CONFIG_REGISTRY: `http://127.0.0.1:${server.addr.port}/` };
  return { env, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("a package with a known hole fails the check, a clean bill passes, and no registry is said and passes", async () => {
  await using bad = registry(true);
  await using good = registry(false);
  const [broken, clean] = [await audit(bad.env), await audit(good.env)];
  assert.deepEqual([broken.ok, clean.ok], [false, true], `${broken.words}\n${clean.words}`);
  assert.match(broken.words, /A hole/);
  const away = await audit({ NPM_CONFIG_REGISTRY: "http://127.0.0.1:1/" });
  assert(away.ok && /could not be asked/.test(away.words), away.words);
  assert.equal(judge(1, "error: something else").ok, true);
});
