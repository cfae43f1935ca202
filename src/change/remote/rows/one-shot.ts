import type { ChangeOf } from '../../change.ts';
import { lacksProxy, lacksServer, path, serverRow } from '../find.ts';
import { type Live, ROW } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';
import { atLeast } from '../version.ts';

/** `shutdown session`. */
export const sessionKill: RemoteRow<ChangeOf<'session.kill'>> = {
  ...EVERYWHERE,
  async problem({ id }, live) {
    if (!/^0x[0-9a-f]{1,16}$/.test(id)) return `this is no id of a session as 'show sess' tells them: ${id}`;
    return (await presence(id, live)) === 'open' ? null : `there is no session ${id}`;
  },
  read: ({ id }, live) => presence(id, live),
  after: async () => 'closed',
  commands: async ({ id }) => [{ words: ['shutdown', 'session', id] }],
  inverse: async () => null,
  // It ends when HAProxy comes to it.
  holds: () => true,
};

async function presence(id: string, live: Live): Promise<string> {
  return (await live.ask('show', 'sess', id)).text.startsWith(`${id}: `) ? 'open' : 'closed';
}

/** `shutdown sessions server`. */
export const sessionsKillServer: RemoteRow<ChangeOf<'sessions.kill-server'>> = {
  ...EVERYWHERE,
  problem: lacksServer,
  read: async (change, live) => `${(await serverRow(change, live)).scur} sessions`,
  after: async () => '0 sessions',
  commands: async (change) => [{ words: ['shutdown', 'sessions', 'server', path(change)] }],
  inverse: async () => null,
  // They end when HAProxy comes to them, and new ones may begin meanwhile.
  holds: () => true,
};

/** `clear counters`. */
export const countersClear: RemoteRow<ChangeOf<'counters.clear'>> = {
  ...EVERYWHERE,
  async problem({ scope }, live) {
    if (typeof scope === 'string') return null;
    if (scope.server === null) return 'HAProxy clears the counters of a server or of everything, not of a backend';
    if (!atLeast(live.version, '3.5'))
      return `counters of one server are cleared from HAProxy 3.5 on, this is ${live.version.text}: clear all of them`;
    return (
      (await lacksProxy(scope.backend, ROW.backend, live)) ??
      (await lacksServer({ ...scope, server: scope.server }, live))
    );
  },
  read: async () => null,
  after: async ({ scope }) => (scope === 'maxima' ? 'maxima at 0' : 'counters at 0'),
  async commands({ scope }) {
    if (scope === 'maxima') return [{ words: ['clear', 'counters'] }];
    if (scope === 'all') return [{ words: ['clear', 'counters', 'all'] }];
    return [{ words: ['clear', 'counters', 'server', `${scope.backend}/${scope.server}`] }];
  },
  says: /^Server counters cleared\.$/,
  inverse: async () => null,
};
