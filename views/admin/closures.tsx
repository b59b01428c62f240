import type { Closure } from "../../domain/closure_lists.ts";
import { WEEKDAYS } from "../../domain/opening.ts";
import type { Reservation } from "../../domain/reservations.ts";
import { countedName } from "../../domain/quantities.ts";
import { Empty, Pager, StatusMark } from "../bits.tsx";
import { FormError, TextArea } from "../fields.tsx";
import { count, longDate, periodOf, reservationPath } from "../words.ts";

type Values = Record<string, string | undefined>;

interface ListProps {
  closures: readonly Closure[];
  when: "ahead" | "past";
  back?: string;
  next?: string;
}

/** Closures that lie ahead, or those that are over. */
export function ClosuresPage({ closures, when, back, next }: ListProps) {
  const here = (which: string) => when === which ? "page" : undefined;
  return (
    <>
      <div class="head">
        <h1>Closures</h1>
        <nav class="tabs" aria-label="Which closures">
          <a href="/admin/closures" aria-current={here("ahead")}>Ahead</a>{" "}
          <a href="/admin/closures?when=past" aria-current={here("past")}>Past</a>
        </nav>
        <p class="actions">
          <a class="button" href="/admin/closures/new">Add a closure</a>
        </p>
      </div>
      {closures.length === 0
        ? (
          <Empty title={when === "past" ? "No closure is over" : "Nothing is closed"}>
            {when === "ahead" && (
              <p>
                A closure is a time in which resources cannot be reserved: a repair, a holiday, a stocktaking.
              </p>
            )}
          </Empty>
        )
        : (
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Why</th>
                <th scope="col">When</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              {closures.map((closure) => (
                <tr>
                  <td class="when break">
                    <a href={`/admin/closures/${closure.id}`}>{closure.reason}</a>
                  </td>
                  <td>{whenOf(closure)}</td>
                  <td class="break">{whatOf(closure)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      <Pager back={back} next={next} />
    </>
  );
}

/** Reservations, each with its time and whose it is. */
export function ReservationRows(
  { reservations, zone, now }: { reservations: readonly Reservation[]; zone: string; now: Temporal.Instant },
) {
  return (
    <ul class="rows card">
      {reservations.map((v) => (
        <li>
          <div>
            <a href={reservationPath(v.reference)}>
              {v.resources.map(countedName).join(", ")}, {periodOf(v, v.resources[0]?.time_zone ?? zone, now)}
            </a>
            <p class="quiet break">{v.requester_name}{v.purpose && `: ${v.purpose}`}</p>
          </div>
          <StatusMark status={v.status} />
        </li>
      ))}
    </ul>
  );
}

interface OneProps {
  closure: Closure;
  /** What still holds a part of its time. */
  left: readonly Reservation[];
  zone: string;
  now: Temporal.Instant;
  values: Values;
  errors: Record<string, string>;
  message?: string;
}

/** One closure: what, when, why; what was left in it; and its end. */
export function ClosurePage({ closure, left, zone, now, values, errors, message }: OneProps) {
  const path = `/admin/closures/${closure.id}`;
  const ahead = closure.next_start_time !== null;
  return (
    <section class="narrow">
      <h1>{ahead ? "Closure" : "Closure, over"}</h1>
      <dl class="facts card">
        <Fact name="What">{whatOf(closure, Infinity)}</Fact>
        <Fact name="When">{whenOf(closure)}</Fact>
        {closure.dates > 1 && <Fact name="Dates">{count(closure.dates, "date")}</Fact>}
        {closure.ended_at && (
          <Fact name="Ended">
            {periodOf({ start_time: closure.ended_at, end_time: closure.ended_at }, zone, now).split("–")[0]}
          </Fact>
        )}
        <Fact name="Made by">{closure.created_by_name}</Fact>
      </dl>
      <form method="post" action={path} class="card">
        <FormError message={message} />
        <TextArea
          name="reason"
          label="Why"
          value={values.reason}
          error={errors.reason}
          rows={2}
          hint="Everybody reads it"
          required
        />
        <p class="actions">
          <button type="submit">Save</button>
          {ahead && <a class="button danger" href={`${path}/delete`}>Delete …</a>}
          <a href="/admin/closures">All closures</a>
        </p>
      </form>
      {ahead && left.length > 0 && (
        <>
          <h2>Left in it</h2>
          <p class="quiet">These were there before it. What they give up, the closure takes.</p>
          <ReservationRows reservations={left} zone={zone} now={now} />
        </>
      )}
    </section>
  );
}

function Fact({ name, children }: { name: string; children?: unknown }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="break">{children as string}</dd>
    </div>
  );
}

/** Before a closure goes. */
export function ClosureDeletePage(
  { closure, now, message }: { closure: Closure; now: Temporal.Instant; message?: string },
) {
  const begun = Temporal.Instant.compare(closure.start_time, now) < 0;
  return (
    <section class="narrow">
      <h1>{begun ? "End this closure?" : "Delete this closure?"}</h1>
      <FormError message={message} />
      <div class="card">
        <p class="break">
          <b>{closure.reason}</b>
        </p>
        <p>{whatOf(closure)}</p>
        <p>{whenOf(closure)}</p>
        <p class="hint">
          What lies ahead of it can be reserved at once.{begun && " What has passed of it stays on record."}
          {" "}
          Reservations that were cancelled or moved for it stay as they are.
        </p>
        <form method="post" action={`/admin/closures/${closure.id}/delete`} class="actions">
          <button class="danger" type="submit">{begun ? "End it now" : "Delete it"}</button>
          <a href={`/admin/closures/${closure.id}`}>Leave it</a>
        </form>
      </div>
    </section>
  );
}

function whatOf({ everything, resource_names }: Closure, most = 3): string {
  if (everything) return "Everything";
  const shown = resource_names.slice(0, most).join(", ");
  return resource_names.length > most ? `${shown} and ${resource_names.length - most} more` : shown;
}

const EVERY = { daily: "every day", weekly: "every week", yearly: "every year" };

/** `Tuesday 5 May 2026, 09:00–12:00, every week on Monday and Friday, 12 times` */
function whenOf({ start_wall, end_wall, time_zone, repeats }: Closure): string {
  const [start, end] = [start_wall, end_wall].map((wall) => Temporal.PlainDateTime.from(wall));
  const time = (at: Temporal.PlainDateTime) => at.toPlainTime().toString({ smallestUnit: "minute" });
  // A midnight belongs to the day that ends with it.
  const last = end.subtract({ minutes: 1 }).toPlainDate();
  const until = last.equals(end.toPlainDate()) ? time(end) : "24:00";
  const first = `${longDate(start.toPlainDate())}, ${time(start)}`;
  const once = last.equals(start.toPlainDate())
    ? `${first}–${until}`
    : `${first} – ${longDate(last)}, ${until}`;
  const { frequency, weekdays = [], until: to, count: times } = repeats ?? {};
  const on = weekdays.map((day) => WEEKDAYS[day - 1]).join(", ").replace(/, (\w+)$/, " and $1");
  return [
    time_zone ? `${once} (${time_zone})` : once,
    frequency && `${EVERY[frequency]}${on && ` on ${on}`}`,
    to && `until ${longDate(Temporal.PlainDate.from(to))}`,
    times && count(times, "time"),
  ].filter(Boolean).join(", ");
}
