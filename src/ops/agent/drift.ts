import type { Change } from '../../change/change.ts';
import type { FrontendState, ServerState, TargetState } from '../state.ts';

/** Something that is not as it was seen before. */
export interface Drift {
  /** `be_app/app1`, `fe_web`. */
  readonly object: string;
  /** `state`, `weight`, `address`, `present`, ... */
  readonly attribute: string;
  readonly before: string;
  readonly after: string;
  /** The Change that would have done it; null when none does (a server that the file brought). */
  readonly change: Change | null;
}

/**
 * What operators can set and what differs between two states of one target. What checks find out, and what counts, is not looked at: servers
 * go up and down without anybody's doing.
 */
export function driftOf(before: TargetState, after: TargetState): readonly Drift[] {
  const found: Drift[] = [];
  pair(
    before.frontends,
    after.frontends,
    ({ name }) => name,
    (was, is) => found.push(...frontendDrift(was, is)),
  );
  const servers = (state: TargetState) => state.backends.flatMap((backend) => backend.servers);
  pair(servers(before), servers(after), pathOf, (was, is) => found.push(...serverDrift(was, is)));
  return found;
}

/** Calls back for each name that is in one of two lists or in both. */
function pair<T>(
  before: readonly T[],
  after: readonly T[],
  key: (one: T) => string,
  visit: (was: T | null, is: T | null) => void,
): void {
  const left = new Map(after.map((one) => [key(one), one]));
  for (const was of before) {
    visit(was, left.get(key(was)) ?? null);
    left.delete(key(was));
  }
  for (const is of left.values()) visit(null, is);
}

function pathOf({ backend, name }: ServerState): string {
  return `${backend}/${name}`;
}

function frontendDrift(was: FrontendState | null, is: FrontendState | null): Drift[] {
  const found: Drift[] = [];
  const { name } = (is ?? was)!;
  const note = (attribute: string, before: string, after: string, change: Change | null) => {
    if (before !== after) found.push({ object: name, attribute, before, after, change });
  };
  note('present', yesNo(was), yesNo(is), null);
  if (was === null || is === null) return found;
  const to = frontendTarget(is.status);
  note('state', frontendTarget(was.status), to, { kind: 'frontend.state', frontend: name, to });
  note('maxconn', String(was.maxconn), String(is.maxconn), {
    kind: 'frontend.maxconn',
    frontend: name,
    maxconn: is.maxconn,
  });
  return found;
}

/** `FULL` is a frontend that is open and busy. */
function frontendTarget(status: string): 'enabled' | 'disabled' | 'shutdown' {
  if (status === 'PAUSED') return 'disabled';
  return status === 'STOP' ? 'shutdown' : 'enabled';
}

function serverDrift(was: ServerState | null, is: ServerState | null): Drift[] {
  const found: Drift[] = [];
  const one = (is ?? was)!;
  const names = { backend: one.backend, server: one.name };
  const note = (attribute: string, before: string, after: string, change: Change | null) => {
    if (before !== after) found.push({ object: pathOf(one), attribute, before, after, change });
  };
  note('present', yesNo(was), yesNo(is), is === null ? { kind: 'server.del', ...names } : null);
  if (was === null || is === null) return found;
  note('state', forced(was), forced(is), { kind: 'server.state', ...names, to: forced(is) });
  note('weight', String(was.weight), String(is.weight), {
    kind: 'server.weight',
    ...names,
    weight: is.weight,
    percent: false,
  });
  note('maxconn', String(was.maxconn), String(is.maxconn), { kind: 'server.maxconn', ...names, maxconn: is.maxconn });
  // A name that resolves to another address is the resolver's doing.
  if (was.fqdn === '' && is.fqdn === '') {
    const [addr, port] = [is.address, String(is.port)];
    note('address', `${was.address}:${was.port}`, `${addr}:${port}`, { kind: 'server.addr', ...names, addr, port });
  }
  note('fqdn', was.fqdn, is.fqdn, { kind: 'server.fqdn', ...names, fqdn: is.fqdn });
  return found;
}

/** Bits of `srv_admin_state` that an operator sets. */
const FORCED_MAINT = 0x01;
const FORCED_DRAIN = 0x08;

/** What was decided for this very server: what it inherits by `track`, and what a name without address does to it, is left out. */
function forced({ line }: ServerState): 'ready' | 'drain' | 'maint' {
  if (line.adminState & FORCED_MAINT) return 'maint';
  return line.adminState & FORCED_DRAIN ? 'drain' : 'ready';
}

function yesNo(one: unknown): string {
  return one === null ? 'no' : 'yes';
}
