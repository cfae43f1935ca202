import { join } from 'node:path';
import type { Actor, Change } from '../../change/change.ts';
import type { Journal, Lease } from '../../change/journal/journal.ts';
import { openLive } from '../../change/remote/live.ts';
import { previewRemote } from '../../change/remote/preview.ts';
import type { RuntimeClient } from '../../client/index.ts';
import { stateOf } from '../state.ts';
import type { Applied, Meta, Target } from '../target.ts';
import { clientWire } from './client-wire.ts';
import { makeBatch } from './haproxy-batch.ts';
import { alone, type Desk } from './haproxy-desk.ts';
import { haproxyLedger, takeBack } from './haproxy-ledger.ts';
import { keeper } from './kept.ts';

/** A HAProxy that Changes are made to through its socket; they are recorded in the runner's own journal. */
export interface HaproxyTarget extends Target {
  readonly product: 'haproxy';
  /** Leases that have ended by `now` (ms since the epoch). Who keeps a runner or `sluice agent` running takes them back. */
  dueLeases(now: number): Promise<readonly Lease[]>;
  /** Takes back what a lease stands for, as far as it is still set. */
  takeBack(lease: Lease, meta: Meta): Promise<Applied>;
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
}

/** Opens a HAProxy as a target. Rejects with a RuntimeClientError when no whole answer comes. Closing it closes the client, not the journal. */
export async function openHaproxy(options: HaproxyOptions): Promise<HaproxyTarget> {
  const { name, client, folder } = options;
  const wire = clientWire(client);
  const { version } = await openLive(wire);
  const desk: Desk = {
    ...options,
    wire,
    target: name,
    keeper: keeper(join(folder, 'kept')),
    folder: join(folder, 'locks'),
  };
  const whole = (changes: readonly Change[]) => Promise.all(changes.map((change) => desk.keeper.back(change)));
  return {
    name,
    product: 'haproxy',
    version: version.text,
    client,
    async state() {
      const asked = [
        ['show', 'info'],
        ['show', 'stat'],
        ['show', 'servers', 'state'],
      ];
      const [info, stat, servers] = await Promise.all(asked.map((words) => wire.ask({ words })));
      return stateOf(info!.text, stat!.text, servers!.text);
    },
    preview: async (changes) => previewRemote(await whole(changes), await openLive(wire)),
    apply: (changes, meta) =>
      alone(desk, async (live) => makeBatch(desk, live, { changes: await whole(changes), meta, surface: 'runner' })),
    ledger: haproxyLedger(desk),
    dueLeases: async (now) => (await desk.journal.leases(name)).filter(({ until }) => until <= now),
    takeBack: (lease, meta) => takeBack(desk, lease, meta),
    close: async () => client.close(),
  };
}
