// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
// @ts-types="@types/d3-shape"
import { line } from "d3-shape";

/** One line of a plot. */
export interface Curve {
  name: string;
  points: (readonly [x: number, y: number])[];
}

interface Plot {
  title: string;
  x: string;
  y: string;
  curves: readonly Curve[];
  /** A height that is not to be passed. */
  limit?: number;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BELOW] = [800, 360, 56, 280, 40, 48];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];
const COLOURS = ["#1f6feb", "#b35900", "#1a7f37", "#8250df", "#cf222e"];

/** Curves over sizes that grow tenfold, as a picture that stands alone: on light and dark, told apart also without colour. */
export function plot({ title, x, y, curves, limit }: Plot): string {
  const points = curves.flatMap((curve) => curve.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const across = scaleLog().domain([Math.min(...xs), Math.max(...xs)]).range([LEFT, WIDTH - RIGHT]);
  const up = scaleLinear().domain([0, Math.max(...ys, limit ?? 0) * 1.1]).range([HEIGHT - BELOW, TOP]).nice(
    5,
  );
  const path = line<readonly [number, number]>().x(([x]) => across(x)).y(([, y]) => up(y));
  const steps = [...new Set(xs)].sort((a, b) => a - b);
  const text = (at: [number, number], words: string, more = "") =>
    `<text x="${round(at[0])}" y="${round(at[1])}"${more}>${escaped(words)}</text>`;
  const names = spread(curves.map(({ points }) => up(points.at(-1)![1])));
  const drawn = curves.flatMap((curve, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const dashes = DASHES[Math.floor(i / COLOURS.length) % DASHES.length];
    return [
      `<path d="${path(curve.points)}" stroke="${colour}" stroke-dasharray="${dashes}"/>`,
      ...curve.points.map(([x, y]) =>
        `<circle cx="${round(across(x))}" cy="${round(up(y))}" r="3" fill="${colour}"/>`
      ),
      `<path d="M${WIDTH - RIGHT + 10} ${
        round(names[i])
      }h22" stroke="${colour}" stroke-dasharray="${dashes}"/>`,
      text([WIDTH - RIGHT + 38, names[i] + 4], `${curve.name} ${curve.points.at(-1)![1].toFixed(2)}`),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${
    escaped(title)
  }">
<style>
  svg { background: #fff; font: 12px system-ui, sans-serif } text { fill: #24292f } path, line { fill: none; stroke-width: 1.6 }
  .axis { stroke: #8c959f; stroke-width: 1 } .limit { stroke: #cf222e; stroke-width: 1; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) { svg { background: #0d1117 } text { fill: #e6edf3 } }
</style>
${text([LEFT, 20], title, ' font-weight="600"')}
<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BELOW}H${WIDTH - RIGHT}"/>
${
    steps.map((x) => {
      // The names of the curves begin where the last step is.
      const anchor = x === steps.at(-1) ? "end" : "middle";
      return text([across(x), HEIGHT - BELOW + 18], x.toLocaleString("en"), ` text-anchor="${anchor}"`);
    })
      .join("\n")
  }
${up.ticks(5).map((y) => text([LEFT - 8, up(y) + 4], String(y), ' text-anchor="end"')).join("\n")}
${text([LEFT, HEIGHT - 10], x)}
${text([LEFT, TOP - 6], y)}
${limit === undefined ? "" : `<path class="limit" d="M${LEFT} ${round(up(limit))}H${WIDTH - RIGHT}"/>`}
${drawn.join("\n")}
</svg>
`;
}

// Names beside the ends of their curves, a line's height apart.
function spread(heights: readonly number[]): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const placed = [...heights];
  for (let i = 1; i < order.length; i++) {
    placed[order[i]] = Math.max(placed[order[i]], placed[order[i - 1]] + 15);
  }
  const over = Math.max(0, placed[order.at(-1)!] - (HEIGHT - 12));
  return placed.map((height) => height - over);
}

const round = (value: number) => Math.round(value * 10) / 10;

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
