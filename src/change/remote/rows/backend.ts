import type { ChangeOf } from '../../change.ts';
import { lacksProxy, proxyRow } from '../find.ts';
import { type Live, ROW } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';
import { atLeast } from '../version.ts';

const IN_THE_FILE = 'write it in the file and reload';

/** `add backend`. */
export const backendAdd: RemoteRow<ChangeOf<'backend.add'>> = {
  since: '3.4',
  level: 'admin',
  instead: IN_THE_FILE,
  async problem(change, live) {
    const taken = (await live.stat()).some(({ pxname }) => pxname === change.backend);
    return taken ? `there is a proxy '${change.backend}' already` : null;
  },
  warnings: async ({ backend }) => [`no rule reaches ${backend} until it is published`],
  read: (change, live) => presence(change.backend, live),
  after: async () => 'present',
  async commands(change, live) {
    const mode = change.mode === null ? [] : ['mode', change.mode];
    const guid = change.guid === null ? [] : ['guid', change.guid];
    const words = ['add', 'backend', change.backend, 'from', change.from, ...mode, ...guid];
    return [{ words, experimental: !atLeast(live.version, '3.5') }];
  },
  says: /^New backend registered\.$/,
  inverse: async ({ backend }) => ({ kind: 'backend.del', backend }),
};

/** `del backend`. */
export const backendDel: RemoteRow<ChangeOf<'backend.del'>> = {
  since: '3.4',
  level: 'admin',
  instead: 'take it out of the file and reload',
  async problem({ backend }, live) {
    const missing = await lacksProxy(backend, ROW.backend, live);
    if (missing) return missing;
    const servers = (await live.servers(backend)) ?? [];
    if (servers.length > 0) return `backend '${backend}' still has ${servers.length} servers: delete them first`;
    return (await published(backend, live)) ? `backend '${backend}' is still published: unpublish it first` : null;
  },
  warnings: async () => ['HAProxy does not tell all settings of a backend: this cannot be taken back'],
  read: ({ backend }, live) => presence(backend, live),
  after: async () => 'absent',
  commands: async ({ backend }, live) => [
    { words: ['del', 'backend', backend], experimental: !atLeast(live.version, '3.5') },
  ],
  // Lines of the log may come before it.
  says: /(^|\n)Backend deleted\.$/,
  inverse: async () => null,
};

/** `publish backend`, `unpublish backend`. */
export const backendPublish: RemoteRow<ChangeOf<'backend.publish'>> = {
  since: '3.4',
  level: 'admin',
  instead: 'change the rules that lead to the backend in the file and reload',
  problem: ({ backend }, live) => lacksProxy(backend, ROW.backend, live),
  read: async ({ backend }, live) => ((await published(backend, live)) ? 'published' : 'unpublished'),
  after: async (change) => (change.published ? 'published' : 'unpublished'),
  commands: async (change) => [{ words: [change.published ? 'publish' : 'unpublish', 'backend', change.backend] }],
  says: /^Backend (un)?published\.$/,
  inverse: async (change, live) => ({ ...change, published: await published(change.backend, live) }),
  durable: async ({ backend }) => ({ object: backend, attribute: 'published', file: '' }),
};

async function published(backend: string, live: Live): Promise<boolean> {
  return !(await proxyRow(backend, ROW.backend, live))?.status.includes('UNPUB');
}

async function presence(backend: string, live: Live): Promise<string> {
  return (await proxyRow(backend, ROW.backend, live)) ? 'present' : 'absent';
}

const UNTOLD = 'HAProxy does not tell how this is set: it cannot be proved, nor taken back';

/** `enable|disable dynamic-cookie backend`. */
export const backendDynamicCookie: RemoteRow<ChangeOf<'backend.dynamic-cookie'>> = {
  ...EVERYWHERE,
  problem: ({ backend }, live) => lacksProxy(backend, ROW.backend, live),
  warnings: async () => [UNTOLD],
  read: async () => null,
  after: async ({ enabled }) => (enabled ? 'enabled' : 'disabled'),
  commands: async ({ backend, enabled }) => [
    { words: [enabled ? 'enable' : 'disable', 'dynamic-cookie', 'backend', backend] },
  ],
  inverse: async () => null,
};

/** `set dynamic-cookie-key backend`. */
export const backendDynamicCookieKey: RemoteRow<ChangeOf<'backend.dynamic-cookie-key'>> = {
  ...EVERYWHERE,
  problem: ({ backend }, live) => lacksProxy(backend, ROW.backend, live),
  warnings: async () => [UNTOLD],
  read: async () => null,
  after: async () => 'another key',
  commands: async ({ backend, key }) => [
    { words: ['set', 'dynamic-cookie-key', 'backend', backend, key], secret: true },
  ],
  inverse: async () => null,
};
