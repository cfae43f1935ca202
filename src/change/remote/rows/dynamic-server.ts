import type { ChangeOf } from '../../change.ts';
import { lacksProxy, lacksServer, path, proxyRow, serverRow, theServer } from '../find.ts';
import { ROW } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';
import { atLeast } from '../version.ts';

/** `add server`: the server comes in maintenance, with its checks off. */
export const serverAdd: RemoteRow<ChangeOf<'server.add'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksProxy(change.backend, ROW.backend, live);
    if (missing) return missing;
    if (change.from !== null && !atLeast(live.version, '3.5'))
      return `'from' needs HAProxy 3.5, this is ${live.version.text}: name the settings on the line`;
    if ((await live.servers(change.backend))?.some(({ server }) => server === change.server))
      return `backend '${change.backend}' has a server '${change.server}' already`;
    const algo = (await proxyRow(change.backend, ROW.backend, live))?.algo;
    return algo === 'static-rr'
      ? `balance ${algo} of ${change.backend} is static: servers are added in the file`
      : null;
  },
  warnings: async (change) => [
    `${path(change)} comes in maintenance${change.words.includes('check') ? ' with its health checks off' : ''}: enable them, then set its state to ready`,
  ],
  read: async (change, live) => presence((await lacksServer(change, live)) === null),
  after: async () => presence(true),
  async commands(change, live) {
    const from = change.from === null ? [] : ['from', change.from];
    const words = ['add', 'server', path(change), change.addr, ...from, ...change.words];
    return [{ words, experimental: !atLeast(live.version, '2.5') }];
  },
  says: /^New server registered\.$/,
  inverse: async ({ backend, server }) => ({ kind: 'server.del', backend, server }),
};

/** `del server`. */
export const serverDel: RemoteRow<ChangeOf<'server.del'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    if (((await theServer(change, live)).adminState & FORCED_MAINTENANCE) === 0)
      return `${path(change)} is not in maintenance: set its state to maint first`;
    const { scur } = await serverRow(change, live);
    return Number(scur) > 0 ? `${path(change)} still has ${scur} sessions: wait, or shut them down` : null;
  },
  async warnings(_change, live) {
    const found = ['HAProxy does not tell all settings of a server: this cannot be taken back'];
    if (!atLeast(live.version, '2.5')) found.push('HAProxy 2.4 deletes only servers that were added while it ran');
    return found;
  },
  read: async (change, live) => presence((await lacksServer(change, live)) === null),
  after: async () => presence(false),
  commands: async (change, live) => [
    { words: ['del', 'server', path(change)], experimental: !atLeast(live.version, '2.5') },
  ],
  says: /^Server deleted\.$/,
  inverse: async () => null,
};

const FORCED_MAINTENANCE = 0x01;

function presence(there: boolean): string {
  return there ? 'present' : 'absent';
}
