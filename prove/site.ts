import { type Launch, launch, ownEnvironment, type Program, root, taskArgv, until } from "./programs.ts";

/** The administrator of every site of a run. */
export const ADMIN = { email: "ada@holdfast.example", password: "a long password of a run" };
const SECRET_KEY = "what the servers of a run sign with, all of them the same";

/** A Holdfast, started as an operator starts it. */
export interface Server extends Program {
  origin: string;
}

export interface ServerOptions {
  name?: string;
  folder: string;
  port: number;
  /** Settings; without `DATABASE_URL`, it brings its own database up in `folder`. */
  env?: Record<string, string>;
}

/** Starts a Holdfast by the very command of `deno task start`, and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const server = await launchServer(options);
  const { name, origin } = server;
  await until(
    async () => `${name} is ready; it said:\n${(await server.said()).slice(-2_000)}`,
    async () => !server.isRunning() || await isReady(origin),
    { atMost: 45_000 },
  );
  if (!server.isRunning()) throw new Error(`${name} does not start:\n${await server.said()}`);
  return server;
}

/** The same without waiting. */
export async function launchServer(
  { name = "holdfast", folder, port, env = {} }: ServerOptions,
): Promise<Server> {
  const given: Launch = {
    ...{ name, folder, cwd: root, argv: taskArgv("start") },
    env: {
      ...ownEnvironment(),
      ...{
        PORT: `${port}`,
        HOST: "127.0.0.1",
        DATA_DIR: `${folder}/data`,
        RATE_LIMIT: "off",
        LOG_FORMAT: "json",
      },
      ...{ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, SECRET_KEY },
      ...env,
    },
  };
  return { ...await launch(given), origin: `http://127.0.0.1:${port}` };
}

/** Whether a server says that it can serve; a server that is not there is not. */
export async function isReady(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/ready`, { signal: AbortSignal.timeout(3_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
