import { withServer } from "./support/server.ts";

// Runs the tests on a PostgreSQL of their own: `deno task test [files and options of deno test]`.

const given = Deno.args;
const paths = given.some((arg) => !arg.startsWith("-")) ? [] : ["tests/"];

let tests: Deno.ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => tests?.kill(signal));
}

Deno.exit(await withServer(run));

async function run(environment: Record<string, string>): Promise<number> {
  const env = {
    ...environment,
    DENO_JOBS: "2",
    NO_COLOR: "1",
  };
  const args = ["test", "-A", "--parallel", ...given, ...paths];
  tests = new Deno.Command(Deno.execPath(), { args, env, stdin: "null", stdout: "piped", stderr: "inherit" })
    .spawn();
  let last = "";
  for await (const text of tests.stdout.pipeThrough(new TextDecoderStream())) {
    last = (last + text).slice(-4_000);
    await Deno.stdout.write(new TextEncoder().encode(text));
  }
  const { code } = await tests.status;
  const [, passed = "0", failed = "0"] = /(\d+) passed.*?\| (\d+) failed/.exec(last) ?? [];
  console.log(`${passed} passed, ${failed} failed`);
  return code;
}
