import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import settings from "../deno.json" with { type: "json" };
import { freePort } from "../prove/programs.ts";

/** Holdfast, as a process of its own. */
export interface Server {
  url: string;
  pid: number;
  /** From the start of the process to the first answer of its health page that says all is well. */
  startedIn: number;
  stop(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname!, "..");
const LONGEST_START = 60_000;
const LONGEST_STOP = 20_000;

/**
 * Starts Holdfast on a data directory by the very command of `deno task start`, and waits until it is healthy.
 *
 * @param inspected the port at which the runtime tells what the program is at; without it, it is not asked
 */
export async function startServer(dataDir: string, time_zone: string, inspected?: number): Promise<Server> {
  const command = inspected
    ? settings.tasks.start.command.replace("deno run", `deno run --inspect=127.0.0.1:${inspected}`)
    : settings.tasks.start.command;
  const port = freePort();
  const started = performance.now();
  const child = new Deno.Command("/bin/sh", {
    // The shell becomes the server, so that its process id is ours; its globs are meant for Deno.
    args: ["-c", `set -f; exec ${command} 2>>"$0"`, `${dataDir}/server.log`],
    cwd: ROOT,
    env: {
      PATH: `${resolve(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`,
      ...{ PORT: `${port}`, HOST: "127.0.0.1", DATA_DIR: dataDir, TIME_ZONE: time_zone },
      ...{ RATE_LIMIT: "off", LOG_FORMAT: "json" },
      // Whatever else is set around us is not meant for this server.
      ...{ DATABASE_URL: "", BASE_URL: "", SECRET_KEY: "", ADMIN_EMAIL: "", ADMIN_PASSWORD: "" },
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = () => end(child);
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilHealthy(url, child, dataDir);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, pid: child.pid, startedIn: performance.now() - started, stop };
}

async function untilHealthy(url: string, child: Deno.ChildProcess, dataDir: string): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  const deadline = performance.now() + LONGEST_START;
  while (performance.now() < deadline && !ended) {
    const status = await fetch(`${url}/health`).then(async (answer) => {
      await answer.body?.cancel();
      return answer.status;
    }, () => 0);
    if (status === 200) return;
    await pause(5);
  }
  const said = await Deno.readTextFile(`${dataDir}/server.log`).catch(() => "");
  throw new Error(`Holdfast does not start:\n${said.slice(-2_000)}`);
}

async function end(child: Deno.ChildProcess): Promise<void> {
  const kill = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended already.
    }
  };
  kill("SIGTERM");
  const late = setTimeout(() => kill("SIGKILL"), LONGEST_STOP);
  await child.status;
  clearTimeout(late);
}
