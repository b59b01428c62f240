import assert from "node:assert/strict";
import fc from "fast-check";
import Papa from "papaparse";
import { BrokenCsv, csvOf, type Delimiter, listCell, listIn, readCsv } from "../../lib/csv.ts";

/** What the other reader, which has no types, answers. */
interface Theirs {
  data: string[][];
  errors: unknown[];
}

/** Bytes in pieces of a size that divides lines, quotation marks and characters. */
async function* pieces(bytes: Uint8Array, size = 7) {
  for (let i = 0; i < bytes.length; i += size) yield await Promise.resolve(bytes.slice(i, i + size));
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const all = (bytes: Uint8Array, size?: number) => Array.fromAsync(readCsv(pieces(bytes, size)));
const cells = async (text: string, size?: number) => (await all(utf8(text), size)).map((row) => row.cells);

const ENCODINGS: Record<string, { alphabet: string; encode: (text: string) => Uint8Array }> = {
  "UTF-8": { alphabet: "aß€😀\ufeff", encode: utf8 },
  "UTF-8 with a mark": { alphabet: "aß€😀", encode: (text) => utf8(`\ufeff${text}`) },
  "Latin-1": {
    alphabet: "aßäöüé",
    encode: (text) => Uint8Array.from(text, (one) => one.charCodeAt(0)),
  },
  "UTF-16, the low byte first": { alphabet: "aß€😀", encode: (text) => utf16(`\ufeff${text}`, true) },
  "UTF-16, the high byte first": { alphabet: "aß€😀", encode: (text) => utf16(`\ufeff${text}`, false) },
};

function utf16(text: string, low: boolean) {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), low);
  return bytes;
}

/** Rows of at least two cells, made of what bites. The names of the columns come first, as in every file. */
function anyRows(alphabet: string) {
  const letters = [...`${alphabet}=+-@'#",;\t\r\n x0`];
  const cell = fc.array(fc.constantFrom(...letters), { maxLength: 6 }).map((some) => some.join(""));
  const row = fc.array(cell, { minLength: 2, maxLength: 5 }).filter((one) =>
    one.some((c) => c.trim() !== "")
  );
  return fc.array(row, { maxLength: 6 }).map((rows) => [["name", "tags"], ...rows]);
}

for (const [name, { alphabet, encode }] of Object.entries(ENCODINGS)) {
  Deno.test(`any rows come back as they were, in ${name}, with each separator and end of line`, async () => {
    const dialect = fc.record({
      delimiter: fc.constantFrom<Delimiter>(",", ";", "\t"),
      newline: fc.constantFrom("\r\n" as const, "\n" as const, "\r" as const),
    });
    const size = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(anyRows(alphabet), dialect, size, async (rows, dialect, size) => {
        const read = await all(encode(csvOf(rows, dialect)), size);
        assert.deepEqual(read.map((row) => row.cells), rows);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("what is written is what another reader reads, but for the apostrophes against formulas", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows("aß€😀"), async (rows) => {
      const text = csvOf(rows);
      const { data, errors }: Theirs = Papa.parse(text, { delimiter: ",", newline: "\r\n" });
      assert.deepEqual(errors, []);
      const theirs = data.filter((row) => row.some((cell) => cell.trim() !== ""));
      const bare = theirs.map((row) => row.map((cell) => /^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell));
      assert.deepEqual(bare, rows);
      assert.deepEqual(await cells(text), rows);
    }),
    { numRuns: 300 },
  );
});

Deno.test("no cell that is written begins like a formula", () => {
  fc.assert(
    fc.property(anyRows("a＝＋－＠"), (rows) => {
      const { data }: Theirs = Papa.parse(csvOf(rows), { delimiter: ",", newline: "\r\n" });
      assert.deepEqual(data.flat().filter((cell) => /^[=+\-@\t\r＝＋－＠]/.test(cell)), []);
    }),
    { numRuns: 300 },
  );
});

Deno.test("lines are counted as an editor counts them: comments, blank lines and line ends in quotation marks", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyRows("aß"),
      fc.array(fc.constantFrom("# a comment", '# it has a "', "", "   ", ","), { maxLength: 5 }),
      fc.constantFrom("\r\n" as const, "\n" as const, "\r" as const),
      async (rows, between, newline) => {
        let text = "";
        const expected: number[] = [];
        for (const row of rows) {
          for (const line of between) text += line + newline;
          expected.push(text.split(/\r\n|\r|\n/).length);
          text += csvOf([row], { newline });
        }
        assert.deepEqual((await all(utf8(text))).map(({ line }) => line), expected);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a comment begins at the head of a line, and nowhere else", async () => {
  const text = 'name,tags\n# no, "not this\nRoom #1,a\n"# a name",b\n  # neither,c\n';
  assert.deepEqual(await cells(text), [["name", "tags"], ["Room #1", "a"], ["# a name", "b"], [
    "  # neither",
    "c",
  ]]);
});

Deno.test("a file in Latin-1 is told from one in UTF-8, however late its first umlaut is", async () => {
  const rows = [["name", "tags"], ...Array.from({ length: 200 }, (_, i) => [`Room ${i}`, "a"]), [
    "Büro",
    "ä",
  ]];
  const text = csvOf(rows);
  assert.deepEqual((await all(ENCODINGS["Latin-1"].encode(text))).map((row) => row.cells), rows);
  assert.deepEqual(await cells(text), rows);
});

Deno.test("what changes its encoding on the way is refused where it does", async () => {
  const mixed = new Uint8Array([...utf8("name,tags\nBüro,a\n"), 0x42, 0xfc, 0x72, 0x6f, 0x2c, 0x61]);
  await assert.rejects(
    all(mixed, 100),
    (error) => error instanceof BrokenCsv && /UTF-8 up to here/.test(error.message),
  );
});

for (
  const [what, text, line, words] of [
    ["a quotation mark inside a cell", 'name,tags\n"a\r\nb",c\nx"y,z\n', 4, /stands inside a cell/],
    ["something behind a closing quotation mark", 'name,tags\n\n"x"y,z\n', 3, /follows a closing/],
    ["a quotation mark that is never closed", 'name,tags\na,b\n"x,z\nmore,of it\n', 3, /never closed/],
    ["a line that never ends", `name,tags\na,b\n"${"x".repeat(300_000)}`, 3, /too long/],
  ] as const
) {
  Deno.test(`${what} is named with its line`, async () => {
    await assert.rejects(all(utf8(text), 50_000), (error) => {
      assert(error instanceof BrokenCsv, String(error));
      assert.equal(error.line, line);
      assert.match(error.message, words);
      return true;
    });
  });
}

Deno.test("any list fits into a cell and comes back", () => {
  const part = fc.string({ unit: fc.constantFrom(...'ab",;\n #'), minLength: 1 }).map((s) => s.trim()).filter(
    Boolean,
  );
  fc.assert(fc.property(fc.array(part), (parts) => {
    const cell = listCell(parts);
    assert.deepEqual(cell === "" ? [] : listIn(cell), parts);
  }));
});
