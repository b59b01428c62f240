import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SECRET_KEY } from "./app.ts";
import type { TestDatabase } from "./database.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Holdfast as a program of its own, by the command of its task, over the database of a test. */
export interface Program extends AsyncDisposable {
  origin: string;
  /** What it has said until now, on both outputs. */
  said(): string;
}

/** Starts it on a free port and waits until it is ready. `env` goes beyond the settings, too. */
export async function startProgram(
  { where }: TestDatabase,
  env: Record<string, string> = {},
): Promise<Program> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  using free = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = free.addr;
  free.close();
  const folder = await Deno.makeTempDir({ prefix: "holdfast-program-" });
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", `set -f; exec ${tasks.start.command} 2>&1`],
    cwd: ROOT,
    clearEnv: true,
    env: {
      ...kept("HOME", "DENO_DIR"),
      PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
      ...{ DATABASE_URL: `postgres:///${where.database}`, PGHOST: where.host, PGUSER: where.username },
      ...{ SECRET_KEY, PORT: `${port}`, DATA_DIR: folder, LOG_FORMAT: "json", NO_COLOR: "1", ...env },
    },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let said = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const origin = `http://127.0.0.1:${port}`;
  const program: Program = {
    ...{ origin, said: () => said },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended already.
      }
      await Promise.all([child.status, reading]);
      await Deno.remove(folder, { recursive: true });
    },
  };
  let ended = false;
  void child.status.then(() => ended = true);
  const deadline = performance.now() + 30_000;
  while (
    !await fetch(`${origin}/ready`).then((answer) => answer.body?.cancel().then(() => answer.ok), () => false)
  ) {
    if (ended || performance.now() > deadline) {
      await program[Symbol.asyncDispose]();
      throw new Error(`Holdfast does not start:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return program;
}

function kept(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value ? [[name, value]] : [];
  }));
}

/** Waits until something is there. */
export async function until<T>(found: () => T | undefined | false, seconds = 15): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  while (true) {
    const it = found();
    if (it) return it;
    if (performance.now() > deadline) throw new Error("It did not come");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
