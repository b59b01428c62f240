/** An answer, as far as one counts answers. */
export interface Counted {
  status: number;
  /** From the request to the last byte of the answer, in milliseconds. */
  ms: number;
}

/**
 * Sends requests over connections that stay open, over each the next as soon as the last was answered, for some seconds.
 * Whoever measures on the machine that is measured takes of it what is to be measured: so the requests are bytes that
 * were made before, and of an answer no more is read than its status and its end.
 *
 * @param next the next request, whole; undefined where there is none left, and it ends early
 * @throws {Error} where an answer does not say how long it is, or a connection ends
 */
export async function sendOverWire(
  { hostname, port }: URL,
  { connections, seconds, next }: {
    connections: number;
    seconds: number;
    next: () => Uint8Array<ArrayBuffer> | undefined;
  },
): Promise<Counted[]> {
  const counted: Counted[] = [];
  const wires = await Promise.all(
    Array.from({ length: connections }, () => Deno.connect({ hostname, port: Number(port) })),
  );
  const until = performance.now() + seconds * 1000;
  await Promise.all(wires.map(async (wire) => {
    using connection = wire;
    const buffer = new Uint8Array(64 * 1024);
    for (let began = performance.now(); began < until; began = performance.now()) {
      const request = next();
      if (!request) break;
      await writeAll(connection, request);
      const status = await readAnswer(connection, buffer);
      counted.push({ status, ms: performance.now() - began });
    }
  }));
  return counted;
}

/** The bytes of a POST (RFC 9112). */
export function postBytes(url: URL, headers: Record<string, string>, body: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(body);
  const lines = Object.entries({ host: url.host, ...headers, "content-length": `${bytes.length}` })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return new TextEncoder().encode(
    `POST ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n${body}`,
  );
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

const latin1 = new TextDecoder("latin1");

/** Reads one answer to its end. @returns its status */
async function readAnswer(connection: Deno.TcpConn, buffer: Uint8Array): Promise<number> {
  let filled = 0;
  let head: Head | undefined;
  while (!head || filled < head.end) {
    const read = await connection.read(buffer.subarray(filled));
    if (!read) throw new Error("A connection ended before its answer had come whole");
    filled += read;
    head ??= headOf(latin1.decode(buffer.subarray(0, filled)));
  }
  return head.status;
}

interface Head {
  status: number;
  /** So many bytes the whole answer has. */
  end: number;
}

// Undefined while it has not come whole.
function headOf(text: string): Head | undefined {
  const length = text.indexOf("\r\n\r\n");
  if (length < 0) return undefined;
  const lines = text.slice(0, length);
  const body = /\r\ncontent-length: (\d+)/i.exec(lines)?.[1];
  if (!body) throw new Error(`An answer does not say how long it is:\n${lines}`);
  return { status: Number(lines.split(" ", 2)[1]), end: length + 4 + Number(body) };
}
