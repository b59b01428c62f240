import assert from "node:assert/strict";

interface Row {
  name: string;
  value: number;
  unit: string;
  ratio?: { value: number; of: string }[];
}

// What is asserted is that everything is measured, and what does not depend on the machine: bytes and requests.
Deno.test("the bench measures everything it promises, as ratios of one run", async (t) => {
  const main = new URL("../bench/main.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "--quick", "--json"],
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { machine, sections } = JSON.parse(new TextDecoder().decode(stdout));
  const rows: Row[] = sections.flatMap((section: { rows: Row[] }) => section.rows);
  const find = (pattern: RegExp) => {
    const found = rows.filter(({ name }) => pattern.test(name));
    assert.notEqual(found.length, 0, `${pattern} is not in ${rows.map(({ name }) => name).join("; ")}`);
    return found;
  };

  await t.step("says when and on what", () => {
    assert.match(machine.date, /^\d{4}-\d\d-\d\dT/);
    assert(machine.cores >= 1 && machine.memory_gb >= 1);
    assert.match(machine.postgresql, /^\d+/);
  });

  await t.step("has a positive figure in every row", () => {
    assert.deepEqual(rows.filter(({ value }) => !Number.isFinite(value) || value <= 0), []);
  });

  await t.step("sets the schedule page against a bare handler and against the same SQL", () => {
    const [page] = find(/^schedule page.*as it is|^as it is/i);
    assert.equal(page.ratio?.length, 2);
  });

  await t.step("sets reservations at 1 and 16 connections against the bare statement", () => {
    for (const pattern of [/HTTP.*\b1 connection\b/, /HTTP.*\b16 connections\b/]) {
      for (const { ratio } of find(pattern)) assert.equal(ratio?.length, 1);
    }
  });

  await t.step("weighs the first visit within its budget, gzip and brotli", () => {
    for (const { value } of find(/^first visit, .*the page$/)) assert(value <= 14_000, `${value} bytes`);
    for (const { value } of find(/^first visit, .*all$/)) assert(value <= 60_000, `${value} bytes`);
  });

  await t.step(
    "says what a page and a reservation keep the cores busy with, and what stands in the way",
    () => {
      for (const one of [/^schedule: the server/, /^reservation, the API: the server/]) find(one);
      for (const part of [/^ +JSX/, /^ +PostgreSQL's driver/, /^ +other threads: compression/, /^ +Hono/]) {
        find(part);
      }
      const less = find(/^… /);
      assert.deepEqual(less.map(({ ratio }) => ratio?.[0].of), less.map(() => "the whole"));
    },
  );

  await t.step("times contenders, the start, and weighs the memory", () => {
    find(/slowest/);
    find(/start/);
    find(/memory/);
  });
});
