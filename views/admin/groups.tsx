import type { Group, Member } from "../../domain/groups.ts";
import type { Approver } from "../../domain/resource_approvers.ts";
import { Empty } from "../bits.tsx";
import { Field, FormError, Select } from "../fields.tsx";
import { count } from "../words.ts";

interface Refused {
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
}

/** All groups, and the making of one. */
export function GroupsPage({ groups, values, errors, message }: Refused & { groups: readonly Group[] }) {
  return (
    <section class="narrow">
      <h1>Groups</h1>
      {groups.length === 0
        ? (
          <Empty title="No groups yet">
            <p>A group of people can be named to decide on a resource.</p>
          </Empty>
        )
        : (
          <ul class="rows card">
            {groups.map((group) => (
              <li>
                <div class="break">
                  <a href={`/admin/groups/${group.id}`}>{group.name}</a>
                  <p class="quiet">
                    {count(group.members, "member")}
                    {group.resources > 0 && `, decides on ${count(group.resources, "resource")}`}
                  </p>
                </div>
              </li>
            ))}
          </ul>
        )}
      <form method="post" action="/admin/groups" class="card">
        <h2>Make a group</h2>
        <FormError message={message} />
        <Field name="name" label="Name" value={values.name} error={errors.name} required maxlength={120} />
        <button type="submit">Make it</button>
      </form>
    </section>
  );
}

/** One group: its name, its members, and its end. */
export function GroupPage(
  { group, members, values, errors, message }: Refused & { group: Group; members: readonly Member[] },
) {
  const path = `/admin/groups/${group.id}`;
  return (
    <section class="narrow">
      <h1 class="break">{group.name}</h1>
      <FormError message={message} />
      <div class="card">
        <h2>Members</h2>
        {members.length === 0 ? <p>Nobody yet.</p> : (
          <ul class="rows">
            {members.map((member) => (
              <li>
                <div class="break">
                  {member.name}
                  <p class="quiet">
                    {member.email}
                    {member.role === "user" && ", who only reserves and does not decide"}
                  </p>
                </div>
                <form method="post" action={`${path}/members/remove`}>
                  <input type="hidden" name="user_id" value={member.id} />
                  <button class="second" type="submit" aria-label={`Remove ${member.name}`}>Remove</button>
                </form>
              </li>
            ))}
          </ul>
        )}
        <form method="post" action={`${path}/members`}>
          <Field
            name="email"
            label="E-mail address"
            type="email"
            value={values.email}
            error={errors.email}
            required
          />
          <button type="submit">Add</button>
        </form>
      </div>
      <form method="post" action={path} class="card">
        <h2>Name</h2>
        <Field
          name="name"
          label="Name"
          value={values.name ?? group.name}
          error={errors.name}
          required
          maxlength={120}
        />
        <button type="submit">Rename</button>
      </form>
      <form method="post" action={`${path}/delete`} class="actions">
        <button class="danger" type="submit">Delete this group</button>
        <a href="/admin/groups">All groups</a>
      </form>
    </section>
  );
}

/** Who decides on a resource. */
export function ApproversPage(
  { resource, approvers, candidates, errors }: {
    resource: { id: string; name: string };
    approvers: readonly Approver[];
    candidates: readonly Approver[];
    errors: Record<string, string>;
  },
) {
  const path = `/admin/resources/${resource.id}/approvers`;
  const left = candidates.filter((one) => !approvers.some(({ value }) => value === one.value));
  return (
    <section class="narrow">
      <h1>Who decides on {resource.name}</h1>
      <div class="card">
        {approvers.length === 0 ? <p>Nobody is named: all staff decide on its requests.</p> : (
          <>
            <p>Only these decide on its requests, and administrators:</p>
            <ul class="rows">
              {approvers.map(({ value, name }) => (
                <li>
                  <div class="break">{value.startsWith("group:") ? `Group: ${name}` : name}</div>
                  <form method="post" action={`${path}/remove`}>
                    <input type="hidden" name="approver" value={value} />
                    <button class="second" type="submit" aria-label={`Remove ${name}`}>Remove</button>
                  </form>
                </li>
              ))}
            </ul>
          </>
        )}
        <form method="post" action={path}>
          <Select
            name="approver"
            label="Name a person or a group"
            error={errors.approver}
            choices={[
              { value: "", label: "Choose …" },
              ...left.map(({ value, name }) => ({ value, label: name })),
            ]}
            required
          />
          <p class="actions">
            <button type="submit">Name</button>
            <a href={`/admin/resources/${resource.id}/edit`}>Back to the resource</a>
          </p>
        </form>
      </div>
      <p>
        <a href="/admin/groups">Groups</a>
      </p>
    </section>
  );
}
