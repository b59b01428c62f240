import { anything, brokenBody, type Dice, NUMBERS, TEXTS, TIMES } from "./nonsense.ts";
import type { Described } from "../support/judge.ts";
import { encode, goodRequest, type Known, type Made } from "./requests.ts";

/** Makes one request: a good one at first, of which some parts are then made bad. */
export function makeRequest(dice: Dice, known: Known, call: Described): Made {
  const made: Made = { call, sent: goodRequest(dice, known, call), broken: false };
  for (let left = dice.pick([0, 0, 0, 1, 1, 1, 2, 3]); left > 0; left--) {
    const ways = dice.oneIn(4) ? BREAKING : WAYS;
    dice.pick(ways)(dice, made, known);
  }
  return made;
}

type Way = (dice: Dice, made: Made, known: Known) => void;

const HEADERS = [
  ...[
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Authorization",
    "Cookie",
    "Accept",
    "Accept-Encoding",
    "Origin",
  ],
  ...[
    "X-Request-Id",
    "X-Forwarded-For",
    "Forwarded",
    "Range",
    "Content-Encoding",
    "Content-Language",
    "User-Agent",
  ],
  ...[
    "HX-Request",
    "Sec-Fetch-Site",
    "X-HTTP-Method-Override",
    "Referer",
    "Accept-Language",
    "Date",
    "Expect",
  ],
];
const VALUES = [
  ...[
    "*",
    '"x"',
    'W/"x"',
    '"a", "b", W/"c"',
    '"',
    "bytes=0-1",
    "gzip, br;q=0",
    "br",
    "gzip",
    "*;q=0",
    "text/html",
  ],
  ...[
    "application/x-ndjson",
    "application/x-ndjson;q=0",
    "Bearer",
    "Bearer ",
    "Bearer x.y.z",
    "bearer hf_x",
    "Bearer hf_",
  ],
  ...[
    "Basic Og==",
    "Bearer null",
    "holdfast_access=x; holdfast_refresh=y",
    "holdfast_access=%ff",
    "=;=;",
    "DELETE",
  ],
  ...[
    "null",
    "https://evil.example",
    "cross-site",
    "true",
    "100-continue",
    "2026",
    "de;q=0.5,*;q=x",
    "' or 1=1 --",
  ],
];
const TYPES = [
  ...[
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
    ";",
    "/",
  ],
  ...[
    "application/json; charset=utf-16",
    "application/JSON",
    "application/merge-patch+json",
    "application/jsonx",
  ],
  ...[
    "text/csv; charset=windows-1252",
    "text/csv; charset=nonsense",
    "TEXT/CSV",
    "application/octet-stream",
    "é/ü",
  ],
  ...[
    "multipart/form-data; boundary=",
    "text/csv; header=absent",
    'application/json; charset="',
    "a".repeat(5_000),
  ],
];

const inHeader = (text: string) => text.toWellFormed().replace(/[\r\n\0]/g, " ");

function setHeader({ sent }: Made, name: string, value: string) {
  sent.headers = sent.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  sent.headers.push([name, value]);
}

function inQuery(made: Made, more: string) {
  made.sent.target += `${made.sent.target.includes("?") ? "&" : "?"}${more}`;
}

/** Another path is no call of the document: whatever is there answers for itself. */
function elsewhere(made: Made, target: string) {
  made.sent.target = target;
  made.call = undefined;
}

/** What makes a part of a call bad. */
export const WAYS: readonly Way[] = [
  (dice, { sent }) => {
    if (sent.body) sent.body = brokenBody(dice, new TextDecoder().decode(sent.body));
  },
  (dice, { sent }) => {
    if (sent.body) sent.body = brokenBody(dice, new TextDecoder().decode(sent.body));
  },
  (dice, made) => {
    if (made.sent.body) setHeader(made, "content-type", dice.pick(TYPES));
  },
  (dice, made) => {
    const value = dice.oneIn(2) ? dice.pick(VALUES) : inHeader(dice.pick(TEXTS));
    setHeader(made, dice.pick(HEADERS), value);
  },
  (dice, made) =>
    setHeader(made, "Idempotency-Key", dice.oneIn(2) ? `key-${dice.below(50)}` : inHeader(dice.pick(TEXTS))),
  (dice, made) => setHeader(made, "If-Match", dice.oneIn(2) ? dice.pick(VALUES) : inHeader(dice.pick(TEXTS))),
  (dice, made) => {
    const names = made.call?.parameters.filter((one) => one.in === "query").map(({ name }) => name) ?? [];
    const name = dice.oneIn(3) || names.length === 0
      ? dice.pick(["limit", "cursor", "fields", ...TEXTS])
      : dice.pick(names);
    const value = String(dice.pick([...TEXTS, ...TIMES, ...NUMBERS]));
    for (let times = dice.pick([1, 1, 2, 3]); times > 0; times--) {
      inQuery(made, `${encode(name)}=${encode(value)}`);
    }
  },
  (dice, made) =>
    inQuery(made, `cursor=${btoa(JSON.stringify(cursor(dice))).replace(/\+/g, "-").replace(/\//g, "_")}`),
  (dice, made) =>
    inQuery(
      made,
      dice.pick(["limit=%", "q=%zz", "q=%C3%28", "q=%ff", "q[]=1", "q[a]=1", "=", "&&&", "%00=%00"]),
    ),
  (dice, made) => inQuery(made, `q=${dice.pick(["x", "%41", "😀"]).repeat(dice.pick([100, 5_000, 20_000]))}`),
];

/** What makes of a call another one, or none. */
export const BREAKING: readonly Way[] = [
  (dice, made) => {
    const { target } = made.sent;
    const others = [
      "/",
      "%",
      "%2e%2e/",
      "/../",
      "//",
      "/%00",
      "/%0d%0aX-Injected:%20yes",
      ";a=b",
      "/%C3%28",
      "/.",
      "%20",
    ];
    elsewhere(
      made,
      dice.oneIn(2)
        ? target.replace(/\?|$/, `${dice.pick(others)}$&`)
        : target.replace("/api/v1/", `/api/v1${dice.pick(others)}`),
    );
  },
  (dice, made) => elsewhere(made, `/api/v1/${encode(dice.pick(TEXTS))}/${encode(dice.pick(TEXTS))}`),
  (dice, made) => elsewhere(made, `/api/v1/resources/${"x".repeat(dice.pick([500, 8_000, 50_000, 70_000]))}`),
  (dice, made) => {
    made.call = undefined;
    made.sent.method = dice.pick([
      "PUT",
      "TRACE",
      "OPTIONS",
      "HEAD",
      "PROPFIND",
      "FOO",
      "get",
      "QUERY",
      "DELETE",
      "PATCH",
      "POST",
    ]);
  },
  (dice, made) => {
    const count = dice.pick([10, 80, 150]);
    for (let i = 0; i < count; i++) made.sent.headers.push([`x-more-${i}`, "y".repeat(dice.pick([1, 50]))]);
    made.broken ||= count > 80;
  },
  (dice, made) => {
    setHeader(made, dice.pick(HEADERS), "z".repeat(dice.pick([1_000, 20_000, 500_000])));
    made.broken = true;
  },
  (dice, made) => {
    setHeader(
      made,
      dice.pick(HEADERS),
      dice.pick(["x\r\nX-Injected: yes", "x\ny: z", "x\0y", "x\ry", "x\r\n\r\nGET / HTTP/1.1"]),
    );
    made.broken = true;
  },
  (dice, made) => {
    setHeader(
      made,
      "Host",
      dice.pick([
        "",
        "evil.example",
        "a b",
        "[::1",
        "x:99999",
        "a/b",
        "a@b",
        "é",
        "a\\b",
        "%",
        "localhost:0",
      ]),
    );
    made.broken = true;
  },
  (dice, made) => {
    made.call = undefined;
    made.sent.target = dice.pick([
      "*",
      "//",
      "/\u00fc",
      "/a b",
      "http://[bad/",
      "api/v1",
      "/api/v1/resources#x",
      "/\\",
      "?",
      "/\0",
    ]);
    made.broken = true;
  },
  (dice, made) => {
    setHeader(
      made,
      "content-length",
      dice.pick(["-1", "x", "1, 2", "99999999999999999999", "+2", "0x2", "0"]),
    );
    made.broken = true;
  },
];

function cursor(dice: Dice): unknown {
  const keys = ["start_time", "id", "name", "at", "number", "created_at"];
  const id = dice.oneIn(2) ? "0190a5c2-7b1e-7c33-9d2a-5f4e8a1b6c70" : anything(dice);
  if (dice.oneIn(4)) return toAscii(anything(dice));
  return toAscii({
    [dice.pick(keys)]: dice.pick([...TIMES, ...TEXTS, ...NUMBERS]),
    id,
    name: dice.pick(TEXTS),
    start_time: dice.pick(TIMES),
  });
}

const toAscii = (value: unknown) => JSON.parse(JSON.stringify(value).replace(/[^\x20-\x7e]/g, "?"));
