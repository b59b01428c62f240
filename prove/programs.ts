import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Account, guard } from "../db/embedded_process.ts";
import settings from "../deno.json" with { type: "json" };

const ROOT = resolve(import.meta.dirname!, "..");
const LONGEST_STOP = 30_000;
/** Where no other account is named: as who we are. */
const OURSELVES: Account = { prefix: [] };

/** A process of a run. However the run ends, `kill -9` included, it ends with it. */
export interface Program {
  name: string;
  pid: number;
  isRunning(): boolean;
  /** The exit code. */
  ended: Promise<number>;
  /** A signal that is too late does nothing. */
  signal(signal: Deno.Signal): void;
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it is gone. @throws where it does not end */
  end(signal?: Deno.Signal): Promise<number>;
  /** What it has written. */
  said(): Promise<string>;
}

export interface Launch {
  name: string;
  argv: string[];
  /** Where its log and the note of its process id go: a folder that its account may write to. */
  folder: string;
  cwd?: string;
  env?: Record<string, string>;
  account?: Account;
}

/** Starts a program beside us. */
export async function launch(asked: Launch): Promise<Program> {
  const { name, argv, folder, cwd = "/", env = {}, account = OURSELVES } = asked;
  const log = join(folder, `${name}.log`);
  const note = join(folder, `${name}.pid`);
  await Deno.remove(note).catch(() => {});
  // The shell becomes the program, so that the id in the note is the program's.
  const script = `cd "$1" && echo $$ >"$2.new" && mv "$2.new" "$2" && shift 2 && exec "$@"`;
  const program = guard(["/bin/sh", "-c", script, "sh", cwd, note, ...argv], log, account, env);
  const pid = await readNote(note, program.isRunning);
  const signal = (which: Deno.Signal) => {
    if (program.isRunning()) send(pid, which);
  };
  return {
    ...{ name, pid, signal, isRunning: program.isRunning, ended: program.ended },
    async kill() {
      signal("SIGKILL");
      await program.ended;
    },
    async end(which = "SIGTERM") {
      signal("SIGCONT");
      signal(which);
      let late = false;
      const alarm = setTimeout(() => {
        late = true;
        signal("SIGKILL");
      }, LONGEST_STOP);
      const code = await program.ended;
      clearTimeout(alarm);
      if (late) throw new Error(`${name} did not end on ${which}; it said:\n${(await tail(log)).trim()}`);
      return code;
    },
    said: () => tail(log),
  };
}

/** Sends a signal to a process that may be gone. */
export function send(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The processes that a process has started. */
export async function childrenOf(parent: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = await Deno.readTextFile(`/proc/${name}/status`).catch(() => "");
    if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === parent) found.push(Number(name));
  }
  return found;
}

/** The command of a task of `deno.json` as an argument vector: the program has the permissions of the task, no others. */
export function taskArgv(task: keyof typeof settings.tasks): string[] {
  return ["/bin/sh", "-c", `set -f; exec ${settings.tasks[task].command}`];
}

/** What a program of ours needs from the environment to be found and to find its packages. */
export function ownEnvironment(): Record<string, string> {
  const kept = ["HOME", "DENO_DIR"].flatMap((name) =>
    Deno.env.has(name) ? [[name, Deno.env.get(name)!]] : []
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${resolve(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`,
    NO_COLOR: "1",
  };
}

/** The folder of the project. */
export const root = ROOT;

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits for something to come about. @throws with the words of `what` where it does not within `atMost` milliseconds */
export async function until(
  what: string | (() => Promise<string>),
  condition: () => boolean | Promise<boolean>,
  { atMost = 60_000, every = 20 } = {},
): Promise<void> {
  const deadline = performance.now() + atMost;
  while (!await condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Waited ${atMost} ms in vain: ${typeof what === "string" ? what : await what()}`);
    }
    await pause(every);
  }
}

async function readNote(note: string, isRunning: () => boolean): Promise<number> {
  let pid = NaN;
  await until(`${note} is written`, async () => {
    pid = Number(await Deno.readTextFile(note).catch(() => NaN));
    return pid > 0 || !isRunning();
  }, { atMost: 10_000, every: 2 });
  return pid;
}

async function tail(path: string): Promise<string> {
  return (await Deno.readTextFile(path).catch(() => "")).slice(-20_000);
}
