import assert from "node:assert/strict";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { makeInstruments } from "../routes/instruments.ts";
import { promtool, readExposition } from "./support/exposition.ts";

const DOCS = new URL("../docs/", import.meta.url);
/** What Prometheus knows by itself of whatever it asks. */
const ITS_OWN = ["up"];

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

async function readRules(): Promise<Rule[]> {
  const { groups } = parse(await Deno.readTextFile(new URL("alerts.yml", DOCS)));
  return groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
}

async function readDashboard() {
  const { panels, templating } = JSON.parse(await Deno.readTextFile(new URL("grafana.json", DOCS)));
  return {
    ...{ panels, templating },
    queries: panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) =>
      targets.map(({ expr }) => expr)
    ),
  };
}

/** The metrics that a question names, and the labels that it asks them for. @throws where it cannot be read */
function readQuestion(asked: string) {
  // What Grafana puts in by itself.
  const question = asked.replaceAll("$__rate_interval", "5m");
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(question).iterate({
    enter(node) {
      const text = question.slice(node.from, node.to);
      assert(!node.type.isError, `cannot be read at “${question.slice(node.from)}”: ${question}`);
      if (node.name === "VectorSelector") metrics.push(/^[\w:]+/.exec(text)![0]);
      if (node.name === "LabelName") labels.push(text);
    },
  });
  assert(metrics.length > 0, question);
  return { metrics, labels };
}

/** Every series that a site tells, and the labels that are on it or that Prometheus adds. */
async function known() {
  const instruments = makeInstruments();
  const text = await instruments.text({ pool: { size: 1, in_use: 0, waiting: 0 } }, undefined);
  const families = [...readExposition(text).values()];
  return new Set([
    ...ITS_OWN,
    ...families.flatMap(({ name, type }) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name]
    ),
  ]);
}

const LABELS = ["instance", "job", "status", "route", "method", "le", "kind"];

Deno.test("every alert asks for what the figures tell, and says what to do", async (t) => {
  const there = await known();
  const rules = await readRules();
  assert(rules.length >= 8);
  for (const { alert, expr, for: lasting, labels, annotations } of rules) {
    await t.step(alert, () => {
      const { metrics, labels: asked } = readQuestion(expr);
      assert.deepEqual(metrics.filter((name) => !there.has(name)), []);
      assert.deepEqual(asked.filter((name) => !LABELS.includes(name)), []);
      assert.match(lasting, /^\d+[mh]$/);
      assert(["page", "ticket"].includes(labels.severity));
      assert(annotations.summary && annotations.description);
    });
  }
});

Deno.test("every panel of the dashboard asks for what the figures tell", async () => {
  const there = await known();
  const { queries, templating } = await readDashboard();
  assert(queries.length > 15);
  const wrong = queries.flatMap((query: string) => readQuestion(query).metrics).filter((name: string) =>
    !there.has(name)
  );
  assert.deepEqual(wrong, []);
  for (const { definition } of templating.list.filter(({ type }: { type: string }) => type === "query")) {
    assert(there.has(/label_values\((\w+)/.exec(definition)![1]), definition);
  }
});

Deno.test("every figure has a panel or an alert", async () => {
  const { queries } = await readDashboard();
  const asked = [...queries, ...(await readRules()).map(({ expr }) => expr)].join("\n");
  const nowhere = [...await known()].filter((name) =>
    !asked.includes(name.replace(/_(bucket|sum|count)$/, ""))
  );
  assert.deepEqual(nowhere, ["holdfast_outbox_undelivered", ...rest]);
});

/** What is there for whoever looks closer. */
const rest = [
  "holdfast_job_last_run_timestamp_seconds",
  "holdfast_job_last_changed_rows",
  "process_start_time_seconds",
];

Deno.test("Prometheus' own tool can read the alerts", async () => {
  const path = new URL("alerts.yml", DOCS).pathname;
  assert(["", undefined].includes(await promtool(["check", "rules", path], "")));
});
