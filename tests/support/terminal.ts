import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a command left behind. */
export interface Done {
  code: number;
  /** The standard output; in a terminal both outputs, as they came. */
  printed: string;
  said: string;
}

export interface Given {
  env?: Record<string, string>;
  stdin?: string;
  /** In a terminal: a file as its standard input. */
  from?: string;
  /** In a terminal: what is typed, each when its question has appeared. */
  answers?: readonly { to: string; typed: string }[];
}

/** Runs the command line as its task does, with the task's permissions, in a pipe. */
export async function inPipe(args: readonly string[], { env = {}, stdin = "" }: Given = {}): Promise<Done> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", await commandLine(args)],
    ...{ cwd: ROOT, env: environment(env), clearEnv: true },
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = child.stdin.getWriter();
  // A command that reads nothing may be over before it is written to.
  await writer.write(new TextEncoder().encode(stdin)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, printed: text.decode(stdout), said: text.decode(stderr) };
}

/** The same in a terminal of so many columns (`script` of util-linux gives one). */
export async function inTerminal(
  args: readonly string[],
  { env = {}, answers = [], from }: Given = {},
  columns = 80,
): Promise<Done> {
  const child = new Deno.Command("script", {
    args: [
      "-qefc",
      `stty cols ${columns} rows 40; ${await commandLine(args)}${from ? ` <${from}` : ""}`,
      "/dev/null",
    ],
    ...{ cwd: ROOT, env: environment({ TERM: "xterm", ...env }), clearEnv: true },
    ...{ stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  const writer = child.stdin.getWriter();
  const left = [...answers];
  let printed = "";
  let read = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    const at = left.length > 0 ? printed.indexOf(left[0].to, read) : -1;
    if (at < 0) continue;
    read = at + left[0].to.length;
    await writer.write(new TextEncoder().encode(`${left.shift()!.typed}\r`));
  }
  await writer.close().catch(() => {});
  const { code } = await child.status;
  return { code, printed: printed.replaceAll("\r\n", "\n"), said: "" };
}

async function commandLine(args: readonly string[]): Promise<string> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const quoted = args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`);
  return `exec ${tasks.cli.command} ${quoted.join(" ")}`;
}

function environment(env: Record<string, string>) {
  const path = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
  const kept = ["HOME", "DENO_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value ? [[name, value]] : [];
  });
  return { ...Object.fromEntries(kept), PATH: path, TZ: "Europe/Berlin", ...env };
}
