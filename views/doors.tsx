import { renderSVG } from "uqr";
import type { DoorView } from "../domain/doors.ts";
import type { Resource } from "../domain/resources.ts";
import type { Block } from "../domain/schedule.ts";
import { dayOf, timeOf } from "./words.ts";

interface DoorProps extends Omit<DoorView, "check_in_due"> {
  /** The address to check in at, while somebody can. */
  check_in?: string;
  now: Temporal.Instant;
  nonce: string;
  css: string;
}

/** The page beside a door: now, next, free until; to be read from some metres away, on paper-like screens, too. */
export function DoorPage({ resource, blocks, check_in, now, nonce, css }: DoorProps) {
  const zone = resource.time_zone;
  const at = now.epochMilliseconds;
  const present = blocks.filter(({ from, to }) => from <= at && to > at);
  const taken = present.length >= resource.units || present.some(({ status }) => status === "closed");
  const next = blocks.filter(({ from }) => from > at);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${resource.name} · Holdfast`}</title>
        <style nonce={nonce} dangerouslySetInnerHTML={{ __html: css }} />
      </head>
      <body>
        <main>
          <h1>{resource.name}</h1>
          <NowLine {...{ resource, present, next, taken, now }} />
          {check_in && <CheckInCode address={check_in} />}
          <h2>Next</h2>
          {next.length === 0
            ? <p>Nothing more within a day.</p>
            : <ol>{next.slice(0, 4).map((block) => <NextLine {...{ block, zone, now }} />)}</ol>}
        </main>
        <footer>
          {dayOf(now, zone, now)}, {timeOf(now, zone)}
          {resource.location && ` · ${resource.location}`}
        </footer>
      </body>
    </html>
  );
}

function NowLine(
  { resource, present, next, taken, now }: {
    resource: Resource;
    present: readonly Block[];
    next: readonly Block[];
    taken: boolean;
    now: Temporal.Instant;
  },
) {
  const zone = resource.time_zone;
  if (resource.deactivated_at) return <p class="now taken">Out of service</p>;
  if (!taken) {
    const free = resource.units - present.length;
    return (
      <p class="now free">
        <b>{resource.units > 1 ? `${free} of ${resource.units} free` : "Free"}</b>
        {next.length > 0 && ` until ${clockOf(next[0].from, zone, now)}`}
      </p>
    );
  }
  const until = Math.min(...present.map(({ to }) => to));
  const closed = present.find(({ status }) => status === "closed");
  return (
    <div class="now taken">
      <p>
        <b>{closed ? "Closed" : "In use"}</b> until {clockOf(until, zone, now)}
      </p>
      {closed ? <p>{closed.purpose}</p> : present.map((block) => {
        const words = wordsOf(block);
        return words && <p>{words}</p>;
      })}
    </div>
  );
}

// For the camera of a phone; whoever has none types nothing in, and finds the button in their reservation.
function CheckInCode({ address }: { address: string }) {
  return (
    <div class="code">
      <div
        role="img"
        aria-label="Code to check in with"
        dangerouslySetInnerHTML={{ __html: renderSVG(address) }}
      />
      <p>
        <b>Check in</b>: scan this, or press the button in your reservation.
      </p>
    </div>
  );
}

function NextLine({ block, zone, now }: { block: Block; zone: string; now: Temporal.Instant }) {
  return (
    <li>
      <b>{clockOf(block.from, zone, now)}–{clockOf(block.to, zone, now)}</b>{" "}
      {block.status === "closed" ? `Closed: ${block.purpose}` : wordsOf(block) || "Reserved"}
    </li>
  );
}

const wordsOf = ({ purpose, requester_name, part, whole }: Block) =>
  [part ?? whole, purpose, requester_name].filter(Boolean).join(" · ");

// With its day where that is not today.
function clockOf(at: number, zone: string, now: Temporal.Instant): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(at);
  const day = dayOf(instant, zone, now);
  return `${day === dayOf(now, zone, now) ? "" : `${day}, `}${timeOf(instant, zone)}`;
}
