-- What is reserved only together with something else: chairs, catering kits; of which never more are in use than there are.

alter table resources add accessory boolean not null default false;

-- With which resources an accessory is offered; one that is named with none is offered with all.
create table resource_accessories (
  accessory_id uuid not null constraint resource_accessories_are_resources references resources on delete cascade,
  resource_id uuid not null constraint resource_accessories_come_with_resource references resources on delete cascade,
  constraint resource_accessories_are_named_once primary key (accessory_id, resource_id),
  constraint resource_accessories_come_with_another check (accessory_id <> resource_id)
);
create index resource_accessories_by_resource on resource_accessories (resource_id);
