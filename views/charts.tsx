// @ts-types="@types/d3-scale"
import { scaleBand, scaleLinear } from "d3-scale";
// @ts-types="@types/d3-shape"
import { area as areaOf, curveStepAfter } from "d3-shape";

/** One figure of a chart. */
export interface Datum {
  label: string;
  value: number;
}

interface ChartProps {
  /** What is drawn, as a heading. */
  title: string;
  /** What the labels and the values are, as the heads of the table. */
  heads: readonly [label: string, value: string];
  data: readonly Datum[];
  /** Which of them is the present. */
  present?: string;
  /** Whether it is a quantity that goes on, or separate ones. */
  shape: "area" | "bars";
  /** Every so many labels are written below. */
  every?: number;
}

const [WIDTH, HEIGHT, BELOW] = [320, 96, 16];

/** A few figures as a picture, which says no more than the table that comes with it. */
export function Chart({ title, heads, data, present, shape, every = 1 }: ChartProps) {
  const across = scaleBand().domain(data.map(({ label }) => label)).range([0, WIDTH]).paddingInner(.2);
  const most = Math.max(1, ...data.map(({ value }) => value));
  const up = scaleLinear().domain([0, most]).range([HEIGHT, 12]);
  const round = (n: number) => Math.round(n * 10) / 10;
  return (
    <figure class="chart card">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + BELOW}`} aria-hidden="true">
        <path class="axis" d={`M0 ${HEIGHT}H${WIDTH}`} />
        {shape === "area" && <path class="area" d={outline(data, up, across.step())} />}
        {data.map(({ label, value }, i) => (
          <>
            {shape === "bars" && (
              <rect
                class={label === present ? "bar now" : "bar"}
                x={round(across(label)!)}
                y={round(up(value))}
                width={round(across.bandwidth())}
                height={round(HEIGHT - up(value))}
              />
            )}
            {shape === "area" && label === present && (
              <path class="present" d={`M${round(across(label)! + across.step() / 2)} 6V${HEIGHT}`} />
            )}
            {i % every === 0 && <text x={round(across(label)!)} y={HEIGHT + 12}>{label}</text>}
            {shape === "bars" && <text x={round(across(label)!)} y={round(up(value)) - 3}>{value}</text>}
          </>
        ))}
        {shape === "area" && <text x={0} y={9}>{`at most ${most}`}</text>}
      </svg>
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{heads[0]}</th>
              <th scope="col">{heads[1]}</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ label, value }) => (
              <tr>
                <th scope="row">{label}{label === present && " (now)"}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function outline(data: readonly Datum[], up: (n: number) => number, step: number): string {
  const last = data.at(-1)?.value ?? 0;
  const area = areaOf<number>().curve(curveStepAfter).digits(1)
    .x((_, i) => i * step).y0(HEIGHT).y1((value) => up(value));
  return area([...data.map(({ value }) => value), last]) ?? "";
}
