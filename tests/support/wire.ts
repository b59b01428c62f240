import { Buffer } from "node:buffer";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

// HTTP byte by byte: what `fetch` would put right, or refuse to send, is what a server has to be asked.

/** A request exactly as it goes over the wire. */
export interface Sent {
  method: string;
  /** What stands between the method and the version, as it is. */
  target: string;
  headers: [name: string, value: string][];
  body?: Uint8Array<ArrayBuffer>;
}

/** What came back. */
export interface Got {
  status: number;
  headers: Headers;
  text: string;
  ms: number;
}

/**
 * Sends a request to a server on this machine, over a connection of its own.
 *
 * @throws {Error} where no whole answer came within `atMost` milliseconds
 */
export async function overTheWire(origin: string, sent: Sent, atMost = 20_000): Promise<Got> {
  const { hostname, port, host } = new URL(origin);
  const started = performance.now();
  const connection = await Deno.connect({ hostname, port: Number(port) });
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    connection.close();
  }, atMost);
  try {
    // A server may answer and hang up before it has read all of a body.
    const writing = writeAll(connection, bytesOf(sent, host)).catch(() => {});
    const bytes = await readAll(connection);
    await writing;
    if (late) throw new Error(`no answer within ${atMost} ms`);
    return { ...parsed(bytes, sent.method), ms: performance.now() - started };
  } finally {
    clearTimeout(alarm);
    if (!late) connection.close();
  }
}

/** The request as a line for a shell; its body, if any, is kept in a file. */
export async function curlOf(origin: string, sent: Sent, bodyFile: string): Promise<string> {
  const words = ["curl -i --path-as-is --globoff -X", quoted(sent.method)];
  for (const [name, value] of sent.headers) words.push("-H", quoted(`${name}: ${value}`));
  if (sent.body) {
    await Deno.writeFile(bodyFile, sent.body);
    words.push("--data-binary", quoted(`@${bodyFile}`));
  }
  words.push("--request-target", quoted(sent.target), quoted(origin));
  return words.join(" ");
}

function quoted(text: string): string {
  if (/^[ -&(-~]*$/.test(text)) return `'${text}'`;
  const escaped = [...new TextEncoder().encode(text)].map((byte) =>
    byte < 32 || byte > 126 || byte === 39 || byte === 92
      ? `\\x${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte)
  );
  return `$'${escaped.join("")}'`;
}

function bytesOf({ method, target, headers, body }: Sent, host: string): Uint8Array {
  const said = (wanted: string) => headers.some(([name]) => name.toLowerCase() === wanted);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(said("host") ? [] : [`host: ${host}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body && !said("content-length") && !said("transfer-encoding")
      ? [`content-length: ${body.length}`]
      : []),
    "connection: close",
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body ?? new Uint8Array()]);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at, at + 65_536));
}

async function readAll(connection: Deno.Conn): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const size = await connection.read(buffer).catch(() => null);
    if (size === null) return Buffer.concat(parts);
    parts.push(buffer.slice(0, size));
  }
}

function parsed(bytes: Buffer, method: string): Omit<Got, "ms"> {
  const end = bytes.indexOf("\r\n\r\n");
  const [first, ...lines] = bytes.subarray(0, Math.max(end, 0)).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (end < 0 || !status) {
    throw new Error(`no answer but: ${JSON.stringify(bytes.toString("latin1").slice(0, 200))}`);
  }
  const rest = bytes.subarray(end + 4);
  if (status < 200) return parsed(rest, method);
  const headers = new Headers();
  for (const line of lines) {
    headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1));
  }
  const length = method === "HEAD" || status === 304 ? null : headers.get("content-length");
  // What comes after it answers another request, which somebody has hidden in this one.
  const sized = length === null ? rest : rest.subarray(0, Number(length));
  if (length !== null && sized.length < Number(length)) {
    throw new Error(`${sized.length} bytes came of ${length}`);
  }
  const whole = headers.get("transfer-encoding") === "chunked" ? joined(sized) : sized;
  return { status, headers, text: unpacked(whole, headers.get("content-encoding")).toString() };
}

function joined(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0;;) {
    const end = bytes.indexOf("\r\n", at);
    const size = parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    if (end < 0 || Number.isNaN(size)) throw new Error("the answer broke off");
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function unpacked(bytes: Buffer, encoding: string | null): Buffer {
  if (bytes.length === 0 || !encoding) return bytes;
  return encoding === "br" ? brotliDecompressSync(bytes) : gunzipSync(bytes);
}
