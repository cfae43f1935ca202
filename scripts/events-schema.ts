/** The JSON Schema of what operations tell with `--json`, one line at a time. docs/reference/operation-events.schema.json is made from it. */
import Type, { type TObject, type TSchema } from 'typebox';

const text = Type.String();
const flag = Type.Boolean();
const count = Type.Integer({ minimum: 0 });
const time = Type.Number({ minimum: 0, description: 'ms' });
const maybe = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const strict = { additionalProperties: false } as const;
const effect = Type.Enum(['live', 'new connections only', 'reload', 'restart']);
const change = Type.Object({ kind: Type.String({ pattern: '^[a-z-]+\\.[a-z-]+$' }) }, { additionalProperties: true });
const operation = Type.String({ pattern: '^op-[0-9a-z]{8,40}$' });
const date = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT' });
const waves = Type.Array(Type.Array(text));

const plannedChange = Type.Object(
  {
    ...{ change, object: text, before: text, after: text, effect },
    ...{ sessions: maybe(count), commands: Type.Array(text), warnings: Type.Array(text) },
  },
  strict,
);
const plannedStep = Type.Union([
  Type.Object({ do: Type.Literal('change'), changes: Type.Array(plannedChange) }, strict),
  Type.Object({ do: Type.Literal('wait'), what: text, timeout: time, atTimeout: text }, strict),
  Type.Object({ do: Type.Literal('pause'), time }, strict),
  Type.Object({ do: Type.Enum(['check', 'act']), what: text }, strict),
  Type.Object({ do: Type.Enum(['undo', 'confirm', 'approve']), operation: text }, strict),
]);
const lease = Type.Object(
  { id: operation, kind: Type.Enum(['expire', 'confirm']), until: time },
  { additionalProperties: true },
);

/** Event -> its fields. A test ties them to the events that there are. */
export const FIELDS: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = {
  fleet: { operation, title: text, waves, dryRun: flag, date },
  wave: { wave: count, of: count, targets: Type.Array(text) },
  result: { target: text, ok: flag, ended: text, text },
  start: { operation, title: text, target: text, product: text, version: text, dryRun: flag, date },
  note: { text },
  guard: { guard: text, text, forced: flag },
  plan: { steps: Type.Array(plannedStep) },
  change: { change, ok: flag, before: text, after: text, effect, text },
  unchanged: { change, value: text },
  lease: { lease },
  wait: { what: text, timeout: time },
  progress: { left: text, count, elapsed: time },
  pause: { time },
  check: { what: text, ok: flag, text },
  act: { what: text, text },
  revert: { ok: flag, text },
  record: { record: Type.Object({}, { additionalProperties: true }) },
  end: { ok: flag, ended: text, status: Type.Integer(), text, operation: maybe(operation), duration: time },
};

function eventOf(name: string, fields: Readonly<Record<string, TSchema>>): TObject {
  // Of several load balancers each event tells on which it was.
  return Type.Object({ target: Type.Optional(text), event: Type.Literal(name), ...fields }, strict);
}

/** One line of what an operation tells. */
export const EventSchema = Type.Union(
  Object.entries(FIELDS).map(([name, fields]) => eventOf(name, fields)),
  { title: 'A line of what an operation of Sluice tells with --json' },
);
