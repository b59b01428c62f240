/** A process of the bench that does one job at a time. */
export interface Helper<Job, Answer> {
  ask(job: Job): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Starts a program of this folder beside us: whoever makes load, or is measured, has an event loop of its own. A job
 * is a line of JSON on its standard input, and the answer is a line on its output. It ends when its input ends, also
 * when we are killed.
 */
export function startHelper<Job, Answer>(program: string): Helper<Job, Answer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(program, import.meta.url).href],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = linesOf(child.stdout);
  return {
    async ask(job) {
      await input.write(new TextEncoder().encode(`${JSON.stringify(job)}\n`));
      const { value, done } = await output.next();
      if (done) throw new Error(`${program} has ended`);
      return JSON.parse(value);
    },
    async close() {
      await input.close().catch(() => {}); // it may have ended before
      await child.status;
    },
  };
}

/** The other side: does the jobs that come in, and ends with them. */
export async function work<Job, Answer>(handle: (job: Job) => Promise<Answer>): Promise<never> {
  for await (const line of linesOf(Deno.stdin.readable)) {
    console.log(JSON.stringify(await handle(JSON.parse(line))));
  }
  Deno.exit();
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
