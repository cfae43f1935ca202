/** A load balancer in memory, for tests of operations: its state is a few lines of text, Changes alter it, an event script moves it. */
import type { Change, Outcome } from '../../src/change/change.ts';
import type { JournalEntry } from '../../src/change/journal/journal.ts';
import type { RuntimeClient } from '../../src/client/connect.ts';
import { simulate } from '../../src/ops/guards/simulate.ts';
import type { BackendState, ServerState, TargetState } from '../../src/ops/state.ts';
import { type Applied, type Meta, NOTHING_KEPT, type Previewed, type Target } from '../../src/ops/target.ts';

export interface FakeTarget extends Target {
  /** Changes that were applied, in order, with what was recorded. */
  readonly made: { readonly change: Change; readonly meta: Meta }[];
  current: TargetState;
}

export interface FakeOptions {
  /** Number of a reading of the state (from 1) -> lines that alter it before: `be/app1 sessions=0`. */
  readonly meanwhile?: ReadonlyMap<number, readonly string[]>;
  /** Text of a Change (`be/app1 server.state`) -> why it is refused when it is applied. */
  readonly refusals?: ReadonlyMap<string, string>;
  /** Command of the Runtime API -> its answer. */
  readonly answers?: ReadonlyMap<string, string>;
}

/**
 * Lines: `frontend NAME FIELD=VALUE...`, `backend NAME FIELD=VALUE...`, and under a backend its servers, indented: `NAME FIELD=VALUE...`.
 * Fields are those of the state; numbers and words.
 */
export function fakeTarget(text: string, options: FakeOptions = {}): FakeTarget {
  let reads = 0;
  const made: FakeTarget['made'] = [];
  const apply = async (changes: readonly Change[], meta: Meta): Promise<Applied> => {
    const outcomes: Outcome[] = [];
    for (const change of changes) {
      const refusal = options.refusals?.get(`${objectName(change)} ${change.kind}`);
      outcomes.push(outcome(refusal ?? '', refusal === undefined, inverse(target.current, change)));
      if (refusal !== undefined) return { ok: false, failedAt: outcomes.length - 1, outcomes, text: '', lease: null };
    }
    target.current = changes.reduce(after, target.current);
    for (const change of changes) made.push({ change, meta });
    const until = 1_800_000_000_000;
    const origin = { surface: 'test', from: '', level: 'admin' } as const;
    const kind = meta.for === undefined ? 'confirm' : 'expire';
    const leased = meta.for !== undefined || meta.confirmWithin !== undefined;
    const lease = { id: meta.operation, target: '', kind, until, date: 0, origin, steps: [] } as const;
    return { ok: true, failedAt: -1, outcomes, text: '', lease: leased ? lease : null };
  };
  const target: FakeTarget = {
    name: '/run/test.sock',
    product: 'haproxy',
    version: '3.5',
    client: fakeClient(options.answers ?? new Map()),
    made,
    current: readState(text),
    async state() {
      reads++;
      for (const line of options.meanwhile?.get(reads) ?? []) target.current = alter(target.current, line);
      return target.current;
    },
    async preview(changes) {
      let state = target.current;
      return changes.map((change) => {
        const previewed = preview(state, change);
        state = after(state, change);
        return previewed;
      });
    },
    apply,
    permit: async () => ({ ok: true, failedAt: -1, outcomes: [], text: '', lease: null }),
    layers: async () => [],
    kept: () => NOTHING_KEPT,
    ledger: {
      history: async () => made.map(({ change, meta }, i) => entry(i + 1, change, meta)),
      overrides: async () => [],
      whole: async (change) => change,
      leases: async () => [],
      async undo(operation, meta) {
        const steps = made.filter((one) => one.meta.operation === operation);
        if (steps.length === 0)
          return { ok: false, failedAt: -1, outcomes: [], text: `there is no operation '${operation}'`, lease: null };
        return apply(inverses.get(operation!) ?? [], meta);
      },
      requests: async () => [],
      approve: async (operation) => ({
        ok: true,
        failedAt: -1,
        outcomes: [],
        text: `approved: ${operation}`,
        lease: null,
      }),
      confirm: async (operation) => ({ ok: true, failedAt: -1, outcomes: [], text: `kept: ${operation}`, lease: null }),
    },
    installation: async () => ({ hidden: 'it is in memory' }),
    close: async () => undefined,
  };
  const inverses = new Map<string, Change[]>();
  const plainApply = target.apply;
  target.apply = async (changes, meta) => {
    const back = changes.flatMap((change) => inverse(target.current, change) ?? []).reverse();
    const applied = await plainApply(changes, meta);
    if (applied.ok) inverses.set(meta.operation, [...back, ...(inverses.get(meta.operation) ?? [])]);
    return applied;
  };
  return target;
}

function fakeClient(answers: ReadonlyMap<string, string>): RuntimeClient {
  const command = async (words: readonly string[]) => {
    const text = answers.get(words.join(' '));
    return text === undefined ? { severity: 3, text: 'Unknown command' } : { severity: null, text };
  };
  const run = async (words: readonly string[]) => (await command(words)).text;
  return { command, run, close: () => undefined } as unknown as RuntimeClient;
}

function outcome(text: string, ok: boolean, inverse: Change | null): Outcome {
  return { ok, severity: ok ? 6 : 3, text, inverse: ok ? inverse : null };
}

function entry(seq: number, change: Change, meta: Meta): JournalEntry {
  const origin = { surface: 'test', from: '', level: 'admin', operation: meta.operation, title: meta.title } as const;
  const rest = {
    target: '',
    before: '',
    after: '',
    inverse: null,
    ok: true,
    severity: 6,
    text: '',
    duration: 1,
    hash: '',
  };
  return { seq, date: 0, phase: 'outcome', attempt: seq, origin, change, ...rest };
}

/** The state after a Change. */
function after(state: TargetState, change: Change): TargetState {
  if (change.kind !== 'server.add') return simulate(state, [change]);
  const added = server(change.backend, change.server, ['admin=maint', 'status=MAINT']);
  const backends = state.backends.map((backend) =>
    backend.name === change.backend ? { ...backend, servers: [...backend.servers, added] } : backend,
  );
  return { ...state, backends };
}

/** The Change that takes one back. */
function inverse(state: TargetState, change: Change): Change | null {
  const server = serverOf(state, change);
  if (server === null) return null;
  if (change.kind === 'server.state') return { ...change, to: server.admin };
  if (change.kind === 'server.weight') return { ...change, weight: server.weight, percent: false };
  if (change.kind === 'server.maxconn') return { ...change, maxconn: server.maxconn };
  return null;
}

function preview(state: TargetState, change: Change): Previewed {
  const base = {
    change,
    problems: [],
    warnings: [],
    effect: 'live',
    commands: [`${change.kind} ${objectName(change)}`],
  } as const;
  const [then, now] = [serverOf(after(state, change), change), serverOf(state, change)];
  if (change.kind === 'server.state') return { ...base, before: now!.admin, after: then!.admin };
  if (change.kind === 'server.weight') return { ...base, before: `${now!.weight}`, after: `${then!.weight}` };
  if (change.kind === 'server.maxconn') return { ...base, before: `${now!.maxconn}`, after: `${then!.maxconn}` };
  return { ...base, before: '', after: 'done' };
}

function serverOf(state: TargetState, change: Change): ServerState | null {
  if (!('server' in change) || !('backend' in change)) return null;
  const backend = state.backends.find(({ name }) => name === change.backend);
  return backend?.servers.find(({ name }) => name === change.server) ?? null;
}

export function objectName(change: Change): string {
  const { backend, server, frontend } = change as { backend?: string; server?: string; frontend?: string };
  return server === undefined ? (backend ?? frontend ?? '') : `${backend}/${server}`;
}

/** The state that the lines describe. */
export function readState(text: string): TargetState {
  let state: TargetState = { info: INFO, frontends: [], backends: [] };
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [first, second, ...fields] = line.trim().split(' ');
    if (line.startsWith(' ')) {
      const { backends } = state;
      const backend = backends.at(-1)!;
      const servers = [...backend.servers, server(backend.name, first!, [second ?? '', ...fields])];
      state = { ...state, backends: [...backends.slice(0, -1), { ...backend, servers }] };
    } else if (first === 'frontend') {
      const frontend = { name: second!, mode: 'http', status: 'OPEN', sessions: 0, maxconn: 2000, rate: 0 };
      state = { ...state, frontends: [...state.frontends, { ...frontend, ...read(fields) }] };
    } else state = { ...state, backends: [...state.backends, { ...BACKEND, name: second!, ...read(fields) }] };
  }
  return state;
}

/** `be/app1 sessions=0`: another state. `be/app1 gone` removes it. */
function alter(state: TargetState, line: string): TargetState {
  const [object, ...fields] = line.split(' ');
  const [name, own] = object!.split('/');
  const servers = (backend: BackendState) =>
    fields[0] === 'gone'
      ? backend.servers.filter((one) => one.name !== own)
      : backend.servers.map((one) => (one.name === own ? usableOrNot({ ...one, ...read(fields) }) : one));
  const backends = state.backends.map((backend) =>
    backend.name === name ? { ...backend, servers: servers(backend) } : backend,
  );
  return { ...state, backends };
}

const INFO: TargetState['info'] = {
  version: '3.5',
  product: 'haproxy',
  pid: 4711,
  uptime: 3600,
  node: 'lb1',
  maxconn: 4000,
  currConns: 12,
  connRate: 3,
  idlePct: 98,
  stopping: false,
};

const BACKEND: BackendState = {
  ...{ name: '', id: 2, mode: 'http', status: 'UP', algo: 'roundrobin' },
  ...{ sessions: 0, queue: 0, rate: 0, servers: [] },
};

function server(backend: string, name: string, fields: readonly string[]): ServerState {
  const check = { enabled: true, status: 'L4OK', lastText: '' };
  return usableOrNot({
    ...{ backend, name, id: 1, address: '127.0.0.1', port: 80, fqdn: '', admin: 'ready', oper: 'up', usable: true },
    ...{ status: 'UP', backup: false, weight: 100, fileWeight: 100, maxconn: 0, sessions: 0, queue: 0, check },
    ...{ agent: null, since: 60, rate: 0, errors: 0, total: 0, http5xx: 0 },
    ...read(fields),
    line: null as unknown as ServerState['line'],
  } as ServerState);
}

function usableOrNot(server: ServerState): ServerState {
  return { ...server, usable: server.admin === 'ready' && server.oper === 'up' && server.weight > 0 };
}

function read(fields: readonly string[]): Record<string, string | number> {
  const pairs = fields.filter((field) => field.includes('=')).map((field) => field.split('=') as [string, string]);
  return Object.fromEntries(pairs.map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]));
}
