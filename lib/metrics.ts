import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Figures in the form that Prometheus reads, each with its name and what it means. */
export interface Figures {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, labels: readonly string[], buckets: number[]): Histogram;
  /** All of them, as text. */
  text(): Promise<string>;
  contentType: string;
}

/** A set of figures of its own: two sites in one process do not count for each other. */
export function figures(): Figures {
  const registry = new Registry();
  const registers = [registry];
  const common = (name: string, help: string, labels: readonly string[] = []) => ({
    ...{ name, help, registers, labelNames: [...labels] },
  });
  return {
    counter: (name, help, labels) => new Counter(common(name, help, labels)),
    gauge: (name, help, labels) => new Gauge(common(name, help, labels)),
    histogram: (name, help, labels, buckets) => new Histogram({ ...common(name, help, labels), buckets }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
