import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { encodingFor } from "../lib/compress.ts";
import type { Context } from "./env.ts";

const FOLDER = new URL("../static/", import.meta.url);

const TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

interface Asset {
  type: string;
  plain: Uint8Array<ArrayBuffer>;
  br: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer>;
}

/** The files of `static/`, compressed once at the start and named by their content. */
export interface Assets {
  /** The address of a file, such as `app.css`: it changes with the content, so it may be kept for ever. */
  url(name: string): string;
  /** The hash in a file's address. */
  hash(name: string): string;
  /** The text of a file, to be written into a page. */
  text(name: string): string;
  serve(c: Context): Response | Promise<Response>;
}

/** The stylesheet of every page, by subject, in the order in which the later override the earlier. */
const STYLES = [
  "base",
  "frame",
  "forms",
  "notices",
  "lists",
  "queue",
  "timeline",
  "phone",
  "print",
].map((subject) => `css/${subject}.css`);

/** What pages refer to, and the files it is made of. */
const NAMES: Record<string, readonly string[]> = {
  "app.css": STYLES,
  "more.css": ["css/more.css"],
  "door.css": ["css/door.css"],
  "app.js": ["app.js"],
  "icon.svg": ["icon.svg"],
  "htmx.js": ["vendor/htmx-4.0.1.min.js"],
};

/** Reads and compresses every file that pages refer to. */
export async function loadAssets(): Promise<Assets> {
  const byAddress = new Map<string, Asset>();
  const found = new Map<string, { address: string; hash: string; text: string }>();
  for (const [name, paths] of Object.entries(NAMES)) {
    const texts = await Promise.all(paths.map((path) => Deno.readTextFile(new URL(path, FOLDER))));
    const text = name.endsWith(".css") ? squeezed(texts.join("\n")) : texts.join("\n");
    const asset = compressed(text, TYPES[name.split(".").at(-1)!]);
    const hash = createHash("sha256").update(asset.plain).digest("base64url").slice(0, 8);
    const address = `/static/${name.replace(/(\.\w+)$/, `.${hash}$1`)}`;
    byAddress.set(address, asset);
    found.set(name, { address, hash, text });
  }
  const get = (name: string) => {
    const file = found.get(name);
    if (!file) throw new Error(`There is no static file "${name}"`);
    return file;
  };
  return {
    url: (name) => get(name).address,
    hash: (name) => get(name).hash,
    text: (name) => get(name).text,
    serve: (c) => serve(c, byAddress.get(c.req.path)),
  };
}

function compressed(text: string, type: string): Asset {
  const plain = new TextEncoder().encode(text);
  return {
    type,
    plain,
    br: new Uint8Array(brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })),
    gzip: new Uint8Array(gzipSync(plain, { level: 9 })),
  };
}

/** A stylesheet without its comments and needless blanks; nothing else is changed. */
export function squeezed(css: string): string {
  return css.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\s+/g, " ").replace(/ ?([{};,]) ?/g, "$1")
    .replace(/: /g, ":").replace(/;}/g, "}").trim();
}

function serve(c: Context, asset: Asset | undefined): Response | Promise<Response> {
  if (!asset) return c.notFound();
  const encoding = encodingFor(c.req.header("accept-encoding"));
  c.header("Content-Type", asset.type);
  c.header("Cache-Control", "public, max-age=31536000, immutable");
  c.header("Vary", "Accept-Encoding");
  if (encoding) c.header("Content-Encoding", encoding);
  return c.body(asset[encoding ?? "plain"]);
}
