/**
 * What operations of `sluice` need of a load balancer, over HTTP: asking, trying out, making Changes with all that the journal knows of
 * them. These are ours.
 */

import Type, { type Static } from 'typebox';
import { MAX_CHANGES } from '../../change/apply.ts';
import type { Change } from '../../change/change.ts';
import type { JournalQuery } from '../../change/journal/journal.ts';
import { readChange } from '../../change/shape.ts';
import type { Meta, Target } from '../../ops/target.ts';
import { ApiError } from '../service/error.ts';
import { type Call, type Operation, param, type Reply } from './operation.ts';

/** Longest text of a meta, characters, and longest time, ms. */
const LONGEST = 500;
const LONGEST_MS = 30 * 86_400_000;

const text = Type.String({ minLength: 1, maxLength: LONGEST });
const time = Type.Integer({ minimum: 1, maximum: LONGEST_MS, description: 'ms' });

const META = Type.Object(
  {
    operation: Type.String({
      pattern: '^op-[A-Za-z0-9-]{1,60}$',
      description: 'Chosen by who asks; the journal has it.',
    }),
    title: text,
    reason: Type.Optional(text),
    ticket: Type.Optional(text),
    for: Type.Optional(time),
    confirmWithin: Type.Optional(time),
    undoes: Type.Optional(text),
    force: Type.Optional(Type.Literal(true)),
    approves: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false },
);

const CHANGES = Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1, maxItems: MAX_CHANGES });
const ASK = Type.Object(
  { words: Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 64 }) },
  { additionalProperties: false },
);
const PREVIEW = Type.Object({ changes: CHANGES }, { additionalProperties: false });
const APPLY = Type.Object({ changes: CHANGES, meta: META }, { additionalProperties: false });
const PERMIT = Type.Object(
  { changes: CHANGES, meta: META, steps: Type.Integer({ minimum: 1, maximum: 10_000 }) },
  { additionalProperties: false },
);
const NAMED = Type.Object({ operation: text, meta: META }, { additionalProperties: false });
const UNDO = Type.Object({ operation: Type.Optional(text), meta: META }, { additionalProperties: false });

/** The Changes of a body. Throws ApiError 422. */
function changesIn(given: readonly unknown[]): Change[] {
  return given.map((one, i) => {
    const found = readChange(one);
    if ('problem' in found) throw new ApiError(422, `change ${i + 1}: ${found.problem}`, { field: `changes/${i}` });
    return found;
  });
}

const bodyOf = <T>(call: Call) => call.body as T;
/** Members that are not there are left out: of an object that was checked. */
const metaOf = (meta: Static<typeof META>) => meta as Meta;

async function made(call: Call, make: (target: Target) => ReturnType<Target['apply']>): Promise<Reply> {
  const { service, requester } = call;
  const applied = await make(await service.balancer.target(requester));
  if (applied.lease !== null) service.balancer.leased();
  return { status: 200, body: applied };
}

/** Asks what changes nothing, and has an end. */
async function answer(call: Call): Promise<Reply> {
  const { words } = bodyOf<Static<typeof ASK>>(call);
  if (!/^(show|get)$/.test(words[0]!) || words.includes('-w'))
    throw new ApiError(
      400,
      `'${words.join(' ').slice(0, 100)}' does not only read: commands that begin with show or get do`,
    );
  const { client } = await call.service.balancer.target(call.requester);
  return { status: 200, body: await client.command(words) };
}

function queryOf({ query }: Call): Omit<JournalQuery, 'target'> {
  const given = {
    last: query.number('last'),
    operation: query.text('operation'),
    object: query.text('object'),
    phase: query.text('phase'),
    since: query.number('since'),
    until: query.number('until'),
    before: query.number('before'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

const HISTORY = [
  param('last', 'integer', 'At most so many.'),
  param('operation', 'string', 'Those of one operation.'),
  param('object', 'string', 'Those of `backend` or `backend/server`.'),
  param('phase', 'string', 'attempt or outcome.'),
  param('since', 'integer', 'From that time on, ms since the epoch.'),
  param('until', 'integer', 'Before that time.'),
  param('before', 'integer', 'With a number below this one.'),
];

type Row = Pick<Operation, 'method' | 'path' | 'summary' | 'run'> & Partial<Operation>;

/** Reads something of the target. */
function read(
  path: string,
  summary: string,
  query: Operation['query'],
  get: (target: Target, call: Call) => unknown,
): Row {
  const run = async (call: Call) => ({
    status: 200,
    body: await get(await call.service.balancer.target(call.requester), call),
  });
  return { method: 'GET', path, summary, query, run };
}

const ROWS: readonly Row[] = [
  read('', 'tells what load balancer the service works on', [], ({ name, product, version }) => ({
    name,
    product,
    version,
  })),
  {
    method: 'POST',
    path: '/ask',
    summary: 'gives the answer of a command that only reads',
    body: { schema: ASK },
    run: answer,
  },
  {
    method: 'POST',
    path: '/preview',
    summary: 'tells what Changes would do, one after the other',
    body: { schema: PREVIEW },
    run: async (call) => {
      const { changes } = bodyOf<Static<typeof PREVIEW>>(call);
      const target = await call.service.balancer.target(call.requester);
      return { status: 200, body: await target.preview(changesIn(changes)) };
    },
  },
  {
    method: 'POST',
    path: '/apply',
    summary: 'makes Changes, all or none',
    body: { schema: APPLY },
    run: (call) => {
      const { changes, meta } = bodyOf<Static<typeof APPLY>>(call);
      return made(call, (target) => target.apply(changesIn(changes), metaOf(meta)));
    },
  },
  {
    method: 'POST',
    path: '/permit',
    summary: 'tells whether the policy lets Changes be made step by step; what needs a second person waits',
    body: { schema: PERMIT },
    run: (call) => {
      const { changes, steps, meta } = bodyOf<Static<typeof PERMIT>>(call);
      return made(call, (target) => target.permit(changesIn(changes), steps, metaOf(meta)));
    },
  },
  {
    method: 'POST',
    path: '/undo',
    summary: 'takes an operation back, the last one that can be where none is named',
    body: { schema: UNDO },
    run: (call) => {
      const { operation = null, meta } = bodyOf<Static<typeof UNDO>>(call);
      return made(call, (target) => target.ledger.undo(operation, metaOf(meta)));
    },
  },
  ...(['confirm', 'approve'] as const).map(
    (verb): Row => ({
      method: 'POST',
      path: `/${verb}`,
      summary: verb === 'confirm' ? 'keeps what would be taken back' : 'agrees to what somebody else asked for',
      body: { schema: NAMED },
      run: (call) => {
        const { operation, meta } = bodyOf<Static<typeof NAMED>>(call);
        return made(call, (target) => target.ledger[verb](operation, metaOf(meta)));
      },
    }),
  ),
  read('/history', 'lists what was changed', HISTORY, (target, call) => target.ledger.history(queryOf(call))),
  read('/overrides', 'lists what holds over the files', [], (target) => target.ledger.overrides()),
  read('/leases', 'lists what will be taken back', [], (target) => target.ledger.leases()),
  read('/requests', 'lists what waits for a second person', [], (target) => target.ledger.requests()),
  read(
    '/layers',
    'tells where the attributes of an object come from',
    [param('object', 'string', 'backend/server', true)],
    (target, call) => target.layers(call.query.required('object')),
  ),
];

export const TARGET_OPERATIONS: readonly Operation[] = ROWS.map((row) => ({
  group: 'sluice',
  query: [],
  body: null,
  success: [200],
  answer: 'json',
  ...row,
  path: `/sluice${row.path}`,
}));
