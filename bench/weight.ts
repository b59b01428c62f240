import { get, type IncomingMessage } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Row, Section } from "./report.ts";
import type { Bench } from "./setting.ts";
import { afterFirstPage, signInBrowser } from "./sign_in.ts";

const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync };
type Encoding = keyof typeof DECODERS;

/** What a browser has to fetch to show the schedule: the first time, and after that. */
export async function measureWeight({ site, server }: Bench): Promise<Section> {
  const cookies = await signInBrowser(server.url, site.people[2].email);
  const later = await afterFirstPage(server.url, cookies);
  const rows: Row[] = [];
  for (const encoding of ["gzip", "br"] as const) {
    const first = await visit(server.url, cookies, encoding);
    const next = await visit(server.url, later, encoding, first.kept);
    rows.push(
      { name: `first visit, ${encoding}: the page`, value: first.page, unit: "bytes" },
      { name: `first visit, ${encoding}: all`, value: first.all, unit: "bytes", note: requests(first) },
      {
        name: `next visit, ${encoding}: all`,
        value: next.all,
        unit: "bytes",
        note: requests(next),
        ratio: [{ of: "the first", value: next.all / first.all }],
      },
    );
  }
  return { title: "Weight of the schedule, compressed bodies", rows };
}

interface Visit {
  page: number;
  all: number;
  requests: number;
  /** What the browser needs not ask for again. */
  kept: Set<string>;
}

async function visit(url: string, cookie: string, encoding: Encoding, kept = new Set<string>()) {
  const page = await load(`${url}/schedule`, cookie, encoding);
  const found = page.text.matchAll(/<(?:link|script|img)\b[^>]*?(?:href|src)="([^"]+)"/g);
  const visited: Visit = { page: page.bytes, all: page.bytes, requests: 1, kept: new Set(kept) };
  for (const path of new Set([...found].map(([, path]) => path))) {
    if (kept.has(path)) continue;
    const file = await load(new URL(path, url).href, cookie, encoding);
    visited.all += file.bytes;
    visited.requests++;
    if (file.immutable) visited.kept.add(path);
  }
  return visited;
}

const requests = (visit: Visit) => `${visit.requests} request${visit.requests === 1 ? "" : "s"}`;

// Not by fetch, which unpacks what it gets.
async function load(url: string, cookie: string, encoding: Encoding) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { headers: { cookie, "accept-encoding": encoding } }, resolve).on("error", reject)
  );
  const body = Buffer.concat(await Array.fromAsync(answer));
  if (answer.statusCode !== 200) throw new Error(`${url} was answered with ${answer.statusCode}`);
  const packed = answer.headers["content-encoding"] === encoding;
  return {
    bytes: body.length,
    text: (packed ? DECODERS[encoding](body) : body).toString(),
    immutable: /immutable/.test(answer.headers["cache-control"] ?? ""),
  };
}
