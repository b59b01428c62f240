/** A part of a program, and whose functions it is made of. */
export interface Part {
  name: string;
  /** Of the addresses of its modules. */
  modules: RegExp;
}

/** How often it is looked at what the program is at, in microseconds. */
const INTERVAL = 500;

/** Where scripts spent their time: the names of the parts, and milliseconds. */
export type Spent = Map<string, number>;

/**
 * Looks on while work is done which functions of a program are at it, by the runtime's own profiler, and adds up the
 * time of each part. What the language itself does, such as to parse JSON, counts for who calls it.
 *
 * @param port where the runtime of the program is asked, on this machine
 * @see https://chromedevtools.github.io/devtools-protocol/v8/Profiler/
 */
export async function profile(
  port: number,
  parts: readonly Part[],
  work: () => Promise<void>,
): Promise<Spent> {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const inspector = await open(webSocketDebuggerUrl);
  try {
    await inspector.ask("Profiler.enable");
    await inspector.ask("Profiler.setSamplingInterval", { interval: INTERVAL });
    await inspector.ask("Profiler.start");
    await work();
    const { profile } = await inspector.ask("Profiler.stop") as { profile: Profile };
    return addUp(profile, parts);
  } finally {
    await inspector.close();
  }
}

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[];
  /** The node in which each look found the program … */
  samples: number[];
  /** … and the microseconds since the look before. */
  timeDeltas: number[];
}

/** Where nothing of ours runs: the runtime waits, or does what is not written in scripts. */
const OUTSIDE = ["(program)", "(idle)", "(root)"];
const COLLECTING = "(garbage collector)";

/** The time of each part, in milliseconds; what belongs to none is `other`. */
export function addUp({ nodes, samples, timeDeltas }: Profile, parts: readonly Part[]): Spent {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const known = new Map<number, string | undefined>();
  function partOf(id: number): string | undefined {
    if (known.has(id)) return known.get(id);
    const { functionName, url } = byId.get(id)!.callFrame;
    const parent = parents.get(id);
    const found = OUTSIDE.includes(functionName)
      ? undefined
      : functionName === COLLECTING
      ? "garbage collection"
      : url
      ? parts.find(({ modules }) => modules.test(url))?.name ?? "other"
      : parent === undefined
      ? undefined
      : partOf(parent) ?? "other";
    known.set(id, found);
    return found;
  }
  const spent: Spent = new Map();
  for (const [i, id] of samples.entries()) {
    const part = partOf(id);
    if (part) spent.set(part, (spent.get(part) ?? 0) + timeDeltas[i] / 1000);
  }
  return spent;
}

async function open(url: string) {
  const socket = new WebSocket(url);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`The runtime does not tell what it is at: ${url}`));
  });
  let last = 0;
  return {
    ask(method: string, params = {}): Promise<unknown> {
      const asked = Promise.withResolvers<unknown>();
      waiting.set(++last, asked);
      socket.send(JSON.stringify({ id: last, method, params }));
      return asked.promise;
    },
    close() {
      socket.close();
      return closed;
    },
  };
}
