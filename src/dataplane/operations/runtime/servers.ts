import Type from 'typebox';
import type { Change } from '../../../change/change.ts';
import { parseColumns } from '../../../client/parse/columns.ts';
import { CHILDREN } from '../../kinds/children.ts';
import { statementOf } from '../../lines/write.ts';
import { ApiError } from '../../service/error.ts';
import type { Call, Operation } from '../operation.ts';
import { make, runtimeRows } from './reply.ts';

const SERVER = CHILDREN.find(({ model }) => model === 'server')!;

const STATE = Type.Object(
  {
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    weight: Type.Optional(Type.Integer({ minimum: 0, maximum: 256 })),
    admin_state: Type.Optional(Type.String({ enum: ['ready', 'drain', 'maint'] })),
    operational_state: Type.Optional(Type.String({ enum: ['up', 'stopping', 'down'] })),
  },
  { additionalProperties: false },
);

interface State {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly admin_state: 'ready' | 'drain' | 'maint';
  readonly operational_state: 'up' | 'stopping' | 'down';
}

/** Bits of `srv_admin_state` (management guide, "show servers state"). */
const MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20;
const DRAIN = 0x08 | 0x10;

async function states({ service, path }: Call): Promise<State[]> {
  const text = await service.balancer.ask(['show', 'servers', 'state', path['parent_name']!]);
  return parseColumns(text).map((row) => {
    const [admin, operational] = [Number(row['srv_admin_state']), Number(row['srv_op_state'])];
    return {
      id: String(row['srv_id']),
      name: String(row['srv_name']),
      address: String(row['srv_addr']),
      port: Number(row['srv_port']),
      weight: Number(row['srv_uweight']),
      admin_state: (admin & MAINTENANCE) !== 0 ? 'maint' : (admin & DRAIN) !== 0 ? 'drain' : 'ready',
      operational_state: operational === 0 ? 'down' : operational === 3 ? 'stopping' : 'up',
    };
  });
}

async function stateOf(call: Call, name = call.path['name']!): Promise<State> {
  const all = await states(call);
  const found = all.find((server) => server.name === name);
  if (found === undefined)
    throw new ApiError(
      404,
      `backend '${call.path['parent_name']}' has no server '${name}'; it has ${all.map((one) => one.name).join(', ') || 'none'}`,
    );
  return found;
}

/** What makes a server as the request wants it. `before` null: whatever it is like. */
function changesFor(call: Call, before: State | null): Change[] {
  const given = call.body as Partial<State>;
  const here = { backend: call.path['parent_name']!, server: call.path['name']! };
  const differs = <K extends keyof State>(field: K): boolean =>
    given[field] !== undefined && given[field] !== before?.[field];
  const changes: Change[] = [];
  if (differs('address') || differs('port'))
    changes.push({
      kind: 'server.addr',
      ...here,
      addr: given.address ?? before?.address ?? null,
      port: given.port === undefined ? (before === null ? null : String(before.port)) : String(given.port),
    });
  if (differs('weight')) changes.push({ kind: 'server.weight', ...here, weight: given.weight!, percent: false });
  if (differs('admin_state')) changes.push({ kind: 'server.state', ...here, to: given.admin_state! });
  if (differs('operational_state')) changes.push({ kind: 'server.health', ...here, to: given.operational_state! });
  return changes;
}

export const RUNTIME_SERVERS: readonly Operation[] = runtimeRows('servers', [
  {
    method: 'GET',
    path: '/backends/{parent_name}/servers',
    summary: 'tells the state of all servers of a backend',
    success: [200],
    run: async (call) => ({ status: 200, body: await states(call) }),
  },
  {
    method: 'POST',
    path: '/backends/{parent_name}/servers',
    summary: 'adds a server to the running process, checked and ready; the file stays as it is',
    body: { model: 'server', many: false },
    success: [201],
    async run(call) {
      const fields = call.body as Record<string, unknown>;
      const { name, check, 'agent-check': agent, maintenance, ...others } = fields;
      const form = SERVER.variants[0]!.form;
      const line = statementOf(form, { ...others, name, check, 'agent-check': agent });
      if (typeof line === 'object') throw new ApiError(400, `${line.field} ${line.text}`, { field: line.field });
      const [, , addr, ...words] = line.split(' ');
      const here = { backend: call.path['parent_name']!, server: String(name) };
      const changes: Change[] = [{ kind: 'server.add', ...here, addr: addr!, from: null, words }];
      if (check === 'enabled') changes.push({ kind: 'server.checks', ...here, which: 'health', enabled: true });
      if (agent === 'enabled') changes.push({ kind: 'server.checks', ...here, which: 'agent', enabled: true });
      if (maintenance !== 'enabled') changes.push({ kind: 'server.state', ...here, to: 'ready' });
      return make(call, changes, async () => ({ status: 201, body: await stateOf(call, String(name)) }));
    },
  },
  {
    method: 'GET',
    path: '/backends/{parent_name}/servers/{name}',
    summary: 'tells the state of a server',
    success: [200],
    run: async (call) => ({ status: 200, body: await stateOf(call) }),
  },
  {
    method: 'PUT',
    path: '/backends/{parent_name}/servers/{name}',
    summary: 'changes address, weight, administrative state and health of a server: all of it or nothing',
    body: { schema: STATE },
    success: [200],
    async run(call) {
      // In a transaction it may be made by that first.
      const before = call.query.text('transaction_id') === null ? await stateOf(call) : null;
      const changes = changesFor(call, before);
      return make(call, changes, async () => ({ status: 200, body: await stateOf(call) }));
    },
  },
  {
    method: 'DELETE',
    path: '/backends/{parent_name}/servers/{name}',
    summary: 'takes a server out of the running process; the file stays as it is',
    success: [204],
    async run(call) {
      const { name } = await stateOf(call);
      const here = { backend: call.path['parent_name']!, server: name };
      return make(
        call,
        [
          { kind: 'server.state', ...here, to: 'maint' },
          { kind: 'server.del', ...here },
        ],
        () => ({ status: 204 }),
      );
    },
  },
]);
