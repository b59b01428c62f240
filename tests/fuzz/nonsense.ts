import { type Random, seeded } from "../../db/demo_calendar.ts";

/** Draws at random, the same each time for the same seed. */
export interface Dice extends Random {
  /** Whether something happens that happens once in so many times. */
  oneIn(times: number): boolean;
}

export function diceOf(seed: number): Dice {
  const random = seeded(seed);
  // Seeds that follow each other begin alike: the first draws are thrown away.
  for (let i = 0; i < 4; i++) random.next();
  return { ...random, oneIn: (times) => random.below(times) === 0 };
}

const INJECTED = "x\r\nX-Injected: yes";

/** Texts that something somewhere may take for more than a text. */
export const TEXTS: readonly string[] = [
  ...["", " ", "\t\n", "a", "0", "-1", "NaN", "Infinity", "-Infinity", "1e999", "1e-999", "0x7f", "null"],
  ...["undefined", "true", "[]", "{}", "__proto__", "constructor", "toString", "hasOwnProperty"],
  ...["a\0b", "\0", "\ud800", "a\udfffb", "\u202eabc", "\ufeffabc", "\uffff", "👩‍👩‍👧‍👦", "ẞßıİ", "Ａ", "e\u0301"],
  ...[
    "' or '1'='1",
    "'; drop table users; --",
    '"; delete from x; --',
    "$$x$$",
    "\\",
    "%",
    "_",
    "%_%",
  ],
  ...[
    "1; select pg_sleep(10)",
    "{1,2}",
    '{"a',
    "(,)",
    "[a,b)",
    "empty",
    "infinity",
    "-infinity",
    "epoch",
    "now",
  ],
  ...[
    INJECTED,
    "\n",
    "\r",
    "<script>alert(1)</script>",
    "${7*7}",
    "{{7*7}}",
    "../../etc/passwd",
    "..\\..",
    "%00",
  ],
  ...["=1+1", "@home", "-5", "+5", "'x", "gopher://x", "http://[::1", "//", "?", "#", "&a=b", ";"],
  ...["x".repeat(300), "x".repeat(10_001), "😀".repeat(3_000), "a ".repeat(5_000), "é".repeat(255)],
  ...[
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0190a5c2-7b1e-7c33-9d2a",
  ],
  ...["R-1", "R-0", "R--1", "R-99999999999999999999", "r-1", "R-1e3", "R-1.5", "R-١"],
  ...[
    "Europe/Berlin",
    "Mars/Olympus",
    "+25:00",
    "UTC",
    "GMT+14",
    "a@b",
    "a@b.c\r\nBcc: d@e.f",
    "bob@holdfast.test",
  ],
];

/** Moments and days where calendars end, clocks change or parsers differ. */
export const TIMES: readonly string[] = [
  ...["0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "-000001-01-01T00:00:00Z", "+010000-01-01T00:00:00Z"],
  ...[
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "+275760-09-13T00:00:00Z",
    "-271821-04-20T00:00:00Z",
  ],
  ...["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2038-01-19T03:14:08Z", "2000-02-29T00:00:00Z"],
  ...["2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-00T00:00:00Z"],
  ...["2026-05-05T24:00:00Z", "2026-05-05T23:59:60Z", "2026-05-05T25:00:00Z", "2026-05-05T08:00:00+99:99"],
  ...["2026-03-29T02:30:00+01:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
  ...[
    "2026-05-05",
    "2026-05-05T08:00",
    "2026-05-05T08:00:00",
    "2026-05-05 08:00:00Z",
    "2026-W19-2",
    "20260505",
  ],
  ...["2026-05-05T08:00:00.123456789123Z", "2026-05-05T08:00:00Z[Europe/Berlin]", "2026-05-05T08:00:00,5Z"],
  ...[
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "+275760-09-13",
    "-271821-04-19",
    "0001-01-01",
    "2026-05-32",
  ],
  ...["2026-05-05T08:00:00Z", "2026-05-05T09:00:00Z", "2026-05-06T08:00:00Z", "2026-05-05T08:07:13.5Z"],
  ...["infinity", "-infinity", "now", "today", "epoch", "allballs", "1778054400000", "2026-05-05T08:00:00z"],
];

/** Numbers at the edges of what keeps numbers. */
export const NUMBERS: readonly number[] = [
  ...[0, -0, 1, -1, 0.5, 1.5, 1e-9, 7, 59, 60, 100, 101, 200, 201, 1440, 10_080, 44_640, 44_641, 100_000],
  ...[32_767, 32_768, 2_147_483_647, 2_147_483_648, -2_147_483_648, -2_147_483_649, 4_294_967_296],
  ...[
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER + 1,
    9_223_372_036_854_775_807,
    1e19,
    1e21,
    1e300,
    -1e300,
  ],
  ...[Number.MIN_VALUE, Number.MAX_VALUE],
];

/** Anything that JSON can say. */
export function anything(dice: Dice): unknown {
  switch (dice.below(10)) {
    case 0:
      return null;
    case 1:
      return dice.pick([true, false]);
    case 2:
    case 3:
      return dice.pick(NUMBERS);
    case 4:
      return dice.pick([[], [null], [[]], {}, { a: null }, [1, "a", {}]]);
    case 5:
      return Array(dice.pick([2, 30, 300])).fill(dice.pick(TEXTS).slice(0, 20));
    case 6:
      return { [dice.pick(TEXTS).slice(0, 60)]: dice.pick(TEXTS).slice(0, 60) };
    case 7:
      return dice.pick(TIMES);
    default:
      return dice.pick(TEXTS);
  }
}

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(
    parts.flatMap((part) => typeof part === "string" ? [...new TextEncoder().encode(part)] : part),
  );

/** Bodies that are no JSON, too much of it, or odd ways to write it. `whole` is what was to be sent. */
export function brokenBody(dice: Dice, whole: string): Uint8Array<ArrayBuffer> {
  const text = (said: string) => new TextEncoder().encode(said);
  const deep = dice.pick([100, 10_000, 60_000]);
  if (dice.oneIn(60)) return new Uint8Array(10 * 1024 * 1024).fill(dice.pick([32, 91, 120, 0]));
  const ways: (() => Uint8Array<ArrayBuffer>)[] = [
    () => text(""),
    () => text(whole.slice(0, dice.below(whole.length + 1))),
    () => text(`${"[".repeat(deep)}${"]".repeat(deep)}`),
    () => text(`${'{"a":'.repeat(deep / 2)}1${"}".repeat(deep / 2)}`),
    () => text("[".repeat(deep)),
    () => text(whole.replace(/:("[^"]*"|[^,}]*)/, `:${"[".repeat(deep)}${"]".repeat(deep)}`)),
    () => bytes([0xef, 0xbb, 0xbf], whole),
    () => bytes(whole.slice(0, -1), [0xff, 0xfe, 0xc3, 0x28], whole.slice(-1)),
    () =>
      bytes('{"name":"', dice.pick([[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0]]), '"}'),
    () => bytes([...whole].flatMap((char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8])),
    () => text(whole.replaceAll('":"', '":"\\ud800')),
    () => text(whole.replaceAll('":"', '":"\\u0000')),
    () => text(whole.replace("{", '{"__proto__":{"role":"admin"},"constructor":{"prototype":{}},')),
    () => text(whole.replace("{", '{"name":1,"name":"twice","reason":[],"reason":"twice",')),
    () => text(whole.replace("{", `{"id":"${"0".repeat(36)}","status":"approved","role":"admin",`)),
    () =>
      text(
        whole.replace(/"[^"]*"(?=[,}])/, dice.pick(["1e999", "-1e999", "NaN", "Infinity", "00", "1e-400"])),
      ),
    () => text(whole.replace(/"[^"]*"(?=[,}])/, "9".repeat(400))),
    () => text(dice.pick(["null", "[]", "0", '""', "true", "a=b&c=d", "<xml/>", "'{}'", `[${whole}]`])),
    () => text(JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i])))),
  ];
  return dice.pick(ways)();
}

/** Files that are no CSV, nearly, or one that means harm. `columns` are those of the noun. */
export function brokenFile(dice: Dice, columns: readonly string[]): Uint8Array<ArrayBuffer> {
  const cell = () => {
    const said = dice.pick([...TEXTS, ...TIMES, ...NUMBERS.map(String)]).slice(0, 2_000).toWellFormed();
    return dice.oneIn(6) ? said : `"${said.replaceAll('"', dice.oneIn(9) ? '"' : '""')}"`;
  };
  const chosen = columns.filter(() => !dice.oneIn(3));
  const header = dice.oneIn(8) ? [...chosen, dice.pick(TEXTS).slice(0, 40).toWellFormed()] : chosen;
  const separator = dice.pick([",", ",", ";", "\t", "|"]);
  const rows = Array.from({ length: dice.below(6) }, () => header.map(cell).join(separator));
  const whole = [header.join(separator), ...rows].join(dice.pick(["\n", "\r\n", "\r"]));
  if (dice.oneIn(150)) return new TextEncoder().encode(`${whole}\n`.padEnd(10 * 1024 * 1024, "x,\n"));
  const ways: (() => Uint8Array<ArrayBuffer>)[] = [
    () => bytes(whole),
    () => bytes(whole),
    () => bytes(whole),
    () => bytes([0xef, 0xbb, 0xbf], whole),
    () =>
      bytes([0xff, 0xfe], [...whole].flatMap((char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8])),
    () => bytes([0xfe, 0xff], whole),
    () => bytes(whole, '\n"never closed, and on it goes\n\n'),
    () => bytes(whole, [0, 1, 2, 0xff, 0xfe, 0x80, 0xc3]),
    () => new Uint8Array(2_000).map(() => dice.below(256)),
    () => bytes([0x1f, 0x8b, 8, 0, 0, 0, 0, 0], whole),
    () => bytes(""),
    () => bytes("\n\n\n# nothing\n"),
    () => bytes(`${header.join(separator)}\n${"a,".repeat(20_000)}\n`),
    () => bytes(`${"name,".repeat(300)}\n1\n`),
    () => bytes(`name\n"${"x".repeat(100_000)}"\n`),
  ];
  return dice.pick(ways)();
}
