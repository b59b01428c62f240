import { Presets, SingleBar } from "cli-progress";

/** How far something long is: a bar in a terminal, nothing elsewhere. */
export interface Progress {
  show(done: number, total: number, what?: string): void;
  end(): void;
}

/** A bar at the standard error, so that the standard output holds the result alone. */
export function bar(): Progress {
  if (!Deno.stderr.isTerminal()) return { show: () => {}, end: () => {} };
  const drawn = new SingleBar({
    format: "{bar} {value} of {total} {what}",
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  }, Presets.shades_classic);
  let started = false;
  return {
    show(done, total, what = "") {
      if (!started) drawn.start(total, done, { what });
      started = true;
      drawn.setTotal(total);
      drawn.update(done, { what });
    },
    end: () => started && drawn.stop(),
  };
}
