import { createHash } from 'node:crypto';
import type { ChangeOf } from '../../change.ts';
import { list } from '../find.ts';
import type { Live } from '../live.ts';
import { patternLevel } from '../patterns.ts';
import { plain } from '../plain.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

const COMMON = { ...EVERYWHERE, level: patternLevel } as const;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** `set ssl tls-key`: a new key for session tickets, the oldest goes. */
export const ticketKeySet: RemoteRow<ChangeOf<'ticket-key.set'>> = {
  ...COMMON,
  async problem({ keys, key }, live) {
    const all = await keyFiles(live);
    if (!all.some(({ id, file }) => id === keys || file === keys))
      return `there are no ticket keys '${keys}'; there are ${list(all.map(({ id, file }) => file || id))}`;
    const size = BASE64.test(plain(key)) ? Buffer.from(plain(key), 'base64').length : 0;
    return size === 48 || size === 80 ? null : 'a ticket key is base64 of 48 or 80 bytes';
  },
  warnings: async () => ['the oldest key goes: this cannot be taken back'],
  read: newest,
  after: async ({ key }) => `sha256 ${digest(plain(key))}`,
  commands: async ({ keys, key }) => [{ words: ['set', 'ssl', 'tls-key', keys, plain(key)], secret: true }],
  says: /^TLS ticket key updated!/,
  async durable(change, live) {
    // Numbers change with the configuration.
    const file = (await keyFiles(live)).find(({ id }) => id === change.keys)?.file || change.keys;
    return { object: file, attribute: 'newest key', file: '', make: () => ({ ...change, keys: file }) };
  },
  inverse: async () => null,
};

async function keyFiles(live: Live): Promise<{ readonly id: string; readonly file: string }[]> {
  return (await live.ask('show', 'tls-keys')).text.split('\n').flatMap((line) => {
    const match = /^(\d+) \((.*)\)$/.exec(line);
    return match ? [{ id: `#${match[1]}`, file: match[2]! }] : [];
  });
}

async function newest({ keys }: ChangeOf<'ticket-key.set'>, live: Live): Promise<string> {
  const { text } = await live.ask('show', 'tls-keys', keys);
  const last = [...text.matchAll(/^\d+\.\d+ (\S+)$/gm)].at(-1)?.[1];
  return last === undefined ? '' : `sha256 ${digest(last)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
