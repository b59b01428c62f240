import type { Door } from "../../domain/doors.ts";
import type { Resource } from "../../domain/resources.ts";
import { Check } from "../fields.tsx";
import { agoOf } from "../words.ts";

interface ManageProps {
  resource: Resource;
  door?: Door;
  /** The whole address of the door page, key and all. */
  address?: string;
  zone: string;
  now: Temporal.Instant;
}

/** Whether a resource has a door page, its address, and how to take it away. */
export function ManageDoorPage({ resource, door, address, zone, now }: ManageProps) {
  const path = `/admin/resources/${resource.id}/door`;
  return (
    <section class="narrow">
      <h1>Door page of {resource.name}</h1>
      <p class="lead">
        A page for a screen beside the door: what is now, what comes next. Whoever has its address reads it
        without signing in. What is private is never named on it.
      </p>
      {door && (
        <div class="card">
          <p>
            Open since {agoOf(door.created_at, zone, now)}, by {door.opened_by_name}; it shows{" "}
            {door.names ? "what is not private, and whose it is" : "times alone"}.
          </p>
          <p class="break">
            <a href={address}>{address}</a>
          </p>
          <form method="post" action={`${path}/close`} class="actions">
            <button class="danger" type="submit">Close it: the address is good no longer</button>
          </form>
        </div>
      )}
      <form method="post" action={path} class="card">
        <Check
          name="names"
          label="Show what reservations are for, and whose they are"
          checked={door?.names}
          hint="Of those that are not private, and where the rules do not keep it for staff."
        />
        <p class="actions">
          <button type="submit">
            {door ? "Make a new address; the old one is good no longer" : "Open a door page"}
          </button>
          <a href={`/resources/${resource.id}`}>Back to {resource.name}</a>
        </p>
      </form>
    </section>
  );
}
