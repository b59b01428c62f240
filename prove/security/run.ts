import { withServer } from "../../tests/support/server.ts";
import type { Ran } from "./checklist.ts";

/** What can be broken on purpose, to see that it is found: see `tests/support/app.ts` for the first two. */
export const FAULTS = ["no-csp", "no-origin-check", "missing-test"];

/** Runs whole files of tests on a database of their own, and answers how each test of them went. */
export async function runTests(files: string[], fault?: string): Promise<Ran[]> {
  const folder = await Deno.makeTempDir({ prefix: "holdfast-security-" });
  try {
    return await withServer(async (environment) => {
      const report = `${folder}/report.xml`;
      const env = {
        ...environment,
        DENO_JOBS: "2",
        NO_COLOR: "1",
        ...fault ? { HOLDFAST_TEST_FAULT: fault } : {},
      };
      const tests = new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--parallel", "--no-check", `--junit-path=${report}`, ...files],
        ...{ env, stdin: "null", stdout: "null", stderr: "null" },
      }).spawn();
      await tests.status;
      return ranIn(await Deno.readTextFile(report));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The tests of a JUnit report. A test with steps has an entry for each, named after it: it passed where all did. */
export function ranIn(report: string): Ran[] {
  return [
    ...report.matchAll(
      /<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(\/>|>)([\s\S]*?)(?=<testcase|<\/testsuite)/g,
    ),
  ]
    .filter(([, , , , inside]) => !inside.includes("<skipped"))
    .map(([, name, file, end, inside]) => ({
      test: plain(name),
      file: plain(file).replace(/^\.\//, ""),
      outcome: end === ">" && /<(failure|error)/.test(inside) ? "failed" : "passed",
    }));
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const plain = (text: string) =>
  text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (_, decimal, hex, name) =>
      name ? ENTITIES[name] : String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16)),
  );
