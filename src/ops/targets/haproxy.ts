import { join } from 'node:path';
import type { Actor, Change } from '../../change/change.ts';
import type { Journal, Lease } from '../../change/journal/journal.ts';
import { keeper } from '../../change/journal/keeper.ts';
import { folderStore } from '../../change/journal/kept-store.ts';
import { keptBy } from '../../change/policy/decide.ts';
import type { Gate } from '../../change/policy/gate.ts';
import { openLive } from '../../change/remote/live.ts';
import { previewRemote } from '../../change/remote/preview.ts';
import type { RuntimeClient } from '../../client/index.ts';
import { connectTarget } from '../connect-target.ts';
import { readState, type TargetState } from '../state.ts';
import { type Applied, type Meta, NOTHING_KEPT, type Target } from '../target.ts';
import { type ClientWire, clientWire } from './client-wire.ts';
import { type Configured, discover, type Hidden, type Installation } from './discover.ts';
import { approve, permit } from './haproxy-approval.ts';
import { makeBatch } from './haproxy-batch.ts';
import { alone, type Desk } from './haproxy-desk.ts';
import { haproxyLedger, takeBack } from './haproxy-ledger.ts';
import { makeTypedCommand } from './haproxy-typed.ts';
import { longOrSecret } from './long-or-secret.ts';
import { processFacts } from './process-facts.ts';

/** A HAProxy that Changes are made to through its socket; they are recorded in the runner's own journal. */
export interface HaproxyTarget extends Target {
  readonly product: 'haproxy';
  /** Leases that have ended by `now` (ms since the epoch). Who keeps a runner or `sluice agent` running takes them back. */
  dueLeases(now: number): Promise<readonly Lease[]>;
  /** Takes back what a lease stands for, as far as it is still set. */
  takeBack(lease: Lease, meta: Meta): Promise<Applied>;
  /** How it was started, where its files are, how it is reloaded; or why that cannot be seen from here. */
  installation(configured?: Configured): Promise<Installation | Hidden>;
}

export interface HaproxyOptions {
  /** As journal entries, overrides and leases call it. */
  readonly name: string;
  /** The socket, as messages and the journal name it. */
  readonly address: string;
  readonly client: RuntimeClient;
  readonly journal: Journal;
  /** The runner's state folder: locks, and what is too long or too secret for the journal. */
  readonly folder: string;
  readonly actor: Actor;
  /** Connects anew, after a reload; by `address` unless told. */
  readonly again?: () => Promise<RuntimeClient>;
  /** Of the origin of Changes: who applies them; `runner` unless told. */
  readonly surface?: string;
  /** What people may do; left out, all that the socket allows. */
  readonly gate?: Gate | null;
}

/** Opens a HAProxy as a target. Rejects with a RuntimeClientError when no whole answer comes. Closing it closes the client, not the journal. */
export async function openHaproxy(options: HaproxyOptions): Promise<HaproxyTarget> {
  const { name, address, client, folder, again = () => connectTarget(address) } = options;
  const wire = clientWire(client, again);
  const { version } = await openLive(wire);
  const kept = keeper(folderStore(join(folder, 'kept')), longOrSecret);
  const { gate = null } = options;
  const desk: Desk = { ...options, gate, wire, target: name, keeper: kept, folder: join(folder, 'locks') };
  const whole = (changes: readonly Change[]) => Promise.all(changes.map((change) => kept.back(change)));
  return {
    name,
    product: 'haproxy',
    version: version.text,
    get client() {
      return wire.client;
    },
    state: () => stateOfListening(wire),
    preview: async (changes) => previewRemote(await whole(changes), await openLive(wire)),
    apply: (changes, meta) =>
      alone(desk, async (live) => {
        const all = await whole(changes);
        if (meta.approves) return approve(desk, live, meta.operation, all, meta);
        return makeBatch(desk, live, { changes: all, meta, surface: options.surface ?? 'runner' });
      }),
    async permit(changes, steps, meta) {
      if (gate === null) return { ok: true, failedAt: -1, outcomes: [], text: '', lease: null };
      return alone(desk, async (live) => permit(desk, live, await whole(changes), steps, meta));
    },
    typed: (typed, meta) => makeTypedCommand(desk, typed, meta, () => stateOfListening(wire)),
    ledger: haproxyLedger(desk),
    dueLeases: async (now) => (await desk.journal.leases(name)).filter(({ until }) => until <= now),
    layers: async () => [],
    kept: (backend) => (gate === null ? NOTHING_KEPT : keptBy(gate.policy, backend)),
    takeBack: (lease, meta) => takeBack(desk, lease, meta),
    async installation(configured) {
      if (!isLocal(address)) return discover(0, () => null, configured);
      return discover(Number(await (await openLive(wire)).info('Pid')), processFacts, configured);
    },
    close: async () => wire.client.close(),
  };
}

/** All of it with three commands on one connection; from the process that listens, not from one that a reload has left behind. */
async function stateOfListening(wire: ClientWire): Promise<TargetState> {
  const read = () => readState(async (words) => (await wire.ask({ words })).text);
  const state = await read();
  if (!state.info.stopping) return state;
  await wire.renew();
  return read();
}

/** A number of a process means something on this machine only. */
function isLocal(address: string): boolean {
  return !/:\d+$/.test(address) || /^(127\.|localhost:|\[::1\])/.test(address);
}
