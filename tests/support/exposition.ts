import assert from "node:assert/strict";

/** One figure as Prometheus reads it. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const VALUE = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;
const SUFFIXES: Record<string, string[]> = {
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/**
 * Reads figures in the text format of Prometheus, as strictly as its own tool looks at them: each family has its help
 * and its type before its samples, once; names say what a figure is; no sample comes twice; histograms add up.
 */
export function readExposition(text: string): Map<string, Family> {
  assert(text.endsWith("\n"), "the last line has no end");
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.split("\n").filter(Boolean)) {
    const [, kind, name, rest] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? [];
    if (kind === "HELP") {
      assert(!families.has(name), `${name} comes twice`);
      family = { name, help: rest, type: "", samples: [] };
      families.set(name, family);
    } else if (kind === "TYPE") {
      assert(family?.name === name && !family.type, `the type of ${name} does not stand after its help`);
      assert.match(rest, /^(counter|gauge|histogram|summary)$/);
      family.type = rest;
    } else {
      assert(family?.type, `no help and type before: ${line}`);
      family.samples.push(readSample(line, family));
    }
  }
  for (const one of families.values()) look(one);
  return families;
}

function readSample(line: string, { name, type }: Family): Sample {
  const [, given, labels = "", value] =
    new RegExp(`^(${NAME})(?:\\{((?:${LABEL},?)*)\\})? (\\S+)$`).exec(line)
      ?.filter((_, i) => ![3, 4].includes(i)) ?? [];
  assert(given, `not a sample: ${line}`);
  const known = (SUFFIXES[type] ?? [""]).map((suffix) => name + suffix);
  assert(known.includes(given), `${given} stands among ${name}`);
  assert.match(value, VALUE, line);
  const pairs = [...labels.matchAll(new RegExp(LABEL, "g"))].map(([, key, text]) => [key, text]);
  assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, `a label comes twice: ${line}`);
  return { name: given, labels: Object.fromEntries(pairs), value: Number(value.replace("Inf", "Infinity")) };
}

function look({ name, type, samples }: Family) {
  assert.equal(type === "counter", name.endsWith("_total"), `${name} is a ${type}`);
  assert.doesNotMatch(
    name,
    /_(count|sum|bucket|info)$|(milli|micro|nano)?(ms|minutes|hours|days|kilobytes|percent)$/,
    name,
  );
  const keys = samples.map((sample) =>
    `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
  );
  assert.deepEqual(keys.filter((key, i) => keys.indexOf(key) !== i), [], "a sample comes twice");
  if (type === "counter") assert(samples.every(({ value }) => value >= 0), `${name} is below zero`);
  if (type === "histogram") lookAtHistogram(name, samples);
}

function lookAtHistogram(name: string, samples: Sample[]) {
  const series = Map.groupBy(
    samples,
    ({ labels: { le: _, ...labels } }) => JSON.stringify(Object.entries(labels).sort()),
  );
  for (const [labels, ones] of series) {
    const buckets = ones.filter((one) => one.name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => Number(labels.le.replace("Inf", "Infinity")));
    assert.deepEqual(bounds, bounds.toSorted((a, b) => a - b), `${name}${labels}: buckets out of order`);
    assert.deepEqual(
      buckets.map(({ value }) => value),
      buckets.map(({ value }) => value).toSorted((a, b) => a - b),
    );
    assert.equal(bounds.at(-1), Infinity, `${name}${labels}: no +Inf`);
    const count = ones.find((one) => one.name.endsWith("_count"))?.value;
    assert.equal(buckets.at(-1)?.value, count, `${name}${labels}: the count is another`);
  }
}

/** What Prometheus' own tool says of it; where the machine has none, nothing. Its words, none where it is content. */
export async function promtool(args: readonly string[], stdin: string): Promise<string | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("promtool", {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return code === 0 ? "" : said;
}
