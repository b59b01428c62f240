/** Thrown when the embedded PostgreSQL cannot run here; the message says what to do about it. */
export class EmbeddedFailed extends Error {
  override name = "EmbeddedFailed";
}

/** Who runs PostgreSQL: it refuses to be run by root. */
export interface Account {
  /** What the process becomes. Absent: it stays what we are. */
  ids?: { uid: number; gid: number };
  /** A command that becomes the user instead, put before the program. */
  prefix: string[];
  /** The ids of the files that PostgreSQL must own. Absent: they are ours already. */
  owner?: { uid: number; gid: number };
}

/** A program that runs beside us and ends with us, however we end. */
export interface Guarded {
  /** The exit code. */
  ended: Promise<number>;
  isRunning(): boolean;
  /** Asks it to end. May be called twice. */
  close(): void;
}

// The settings of an operator (PGPORT, PGDATA, secrets) are none of PostgreSQL's business.
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

// The reader of the pipe sees its end when we close it and also when we are killed: no orphan stays behind. It
// asks again each second, because a signal that comes before the program listens is lost, and after a minute it
// asks for a stop without a checkpoint, which is safe too. The shell itself only waits for the program.
const WATCHDOG = `
log=$1; shift
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
program=$!
(
  read -r _ <&3
  seconds=0
  while kill -INT $program; do
    sleep 1
    seconds=$((seconds + 1))
    if [ $seconds -eq 60 ]; then kill -QUIT $program; fi
  done
) >/dev/null 2>&1 &
reader=$!
exec 3<&-
trap 'kill -INT $program' INT TERM
while kill -0 $program 2>/dev/null; do wait $program; code=$?; done
kill $reader 2>/dev/null
exit \${code:-0}`;

// Only a process with our folder on its command line counts, since process ids are used again.
const AWAIT_END = `
command_of() {
  if [ -r "/proc/$1/cmdline" ]; then tr '\\0' ' ' <"/proc/$1/cmdline"; else ps -o command= -p "$1"; fi 2>/dev/null
}
is_ours() { command_of "$1" | grep -qF -e "-D $2 "; }
ends() {
  tries=0
  while is_ours "$1" "$2"; do
    if [ $tries -ge 200 ]; then return 1; fi
    sleep 0.05
    tries=$((tries + 1))
  done
}
ends "$1" "$2" && exit 0
kill -INT "$1"
ends "$1" "$2"`;

/** Runs a short shell script to its end. */
export async function sh(script: string, args: string[], ids?: Account["ids"]) {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...args],
    stdin: "null",
    clearEnv: true,
    env: ENVIRONMENT,
    cwd: "/",
    ...ids,
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout).trim(), err: text.decode(stderr).trim() };
}

/**
 * Starts a program that writes to a log file and is interrupted when we close it, end, or are killed.
 *
 * Its own session keeps Ctrl-C in a terminal from it: we have requests to finish first.
 */
export function guard(
  argv: string[],
  log: string,
  account: Account,
  env: Record<string, string> = {},
): Guarded {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", WATCHDOG, "sh", log, ...account.prefix, ...argv],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    clearEnv: true,
    env: { ...ENVIRONMENT, ...env },
    cwd: "/",
    detached: true,
    ...account.ids,
  }).spawn();
  let running = true;
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    child.stdin.close().catch(() => {}); // the shell may have ended first
  };
  const ended = child.status.then(({ code }) => {
    running = false;
    close();
    return code;
  });
  return { ended, close, isRunning: () => running };
}

/**
 * Waits for the PostgreSQL of a Holdfast that was killed to shut down, and interrupts it if it does not.
 *
 * @throws {EmbeddedFailed} when it is still there after that
 */
export async function awaitEnd(pid: number, db: string): Promise<void> {
  const { code } = await sh(AWAIT_END, [String(pid), db]);
  if (code !== 0) {
    throw new EmbeddedFailed(`The PostgreSQL of ${db} does not stop: end process ${pid}, then start again`);
  }
}
