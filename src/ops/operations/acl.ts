import { isIP } from 'node:net';
import type { Change } from '../../change/change.ts';
import type { RuntimeClient } from '../../client/index.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import { type Kind, textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';
import { table } from '../text.ts';
import { findAcl, identifier, setsNamed } from './patterns.ts';

const ACL = {
  kind: textKind('ACL', 'the file of an ACL as HAProxy names it, its last part, or `#id`'),
  about: 'the ACL',
} as const;
const PATTERN = { kind: textKind('PATTERN', 'a pattern'), about: 'the pattern' } as const;
const PAGE = { page: 'maps.md', group: 'patterns' } as const;

export const aclShow = reading({
  ...PAGE,
  name: 'acl show',
  summary: 'the ACLs there are, or the patterns of one',
  parameters: { acl: { ...ACL, optional: true } },
  options: {},
  about: ['ACLs of the configuration have no file: they are named by `#id`, which changes with the configuration.'],
  examples: [{ command: 'acl show blocked.acl', about: 'its patterns' }],
  async show({ acl }, { target: { client } }) {
    if (acl === null) {
      const acls = await client.showAcls();
      const rows = acls.map((set) => [identifier(set), `${set.entry_cnt ?? '?'} patterns`, set.description].map(shown));
      return {
        records: acls.map((set) => ({ type: 'acl', ...set })),
        lines: rows.length === 0 ? ['no ACLs'] : table(rows),
      };
    }
    const name = await findAcl(client, acl);
    const entries = await client.showAcl(name);
    return {
      records: entries.map((entry) => ({ type: 'pattern', acl: name, ...entry })),
      lines: entries.map(({ pattern }) => shown(pattern)),
    };
  },
});

export const aclAdd = changing({
  ...PAGE,
  name: 'acl add',
  summary: 'add a pattern to an ACL',
  parameters: { acl: ACL, pattern: PATTERN },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['acl.add'],
  inverse: 'the pattern is deleted',
  about: ['In force at once, in the process only: change the file too if it is to outlive a restart.'],
  examples: [{ command: 'acl add blocked.acl 192.0.2.7 --for 1h', about: 'for an hour' }],
  async plan({ acl, pattern }, { target: { client } }) {
    const name = await findAcl(client, acl);
    return { steps: [{ do: 'change', changes: [{ kind: 'acl.add', acl: name, pattern }] }] };
  },
});

export const aclDel = changing({
  ...PAGE,
  name: 'acl del',
  summary: 'delete a pattern of an ACL',
  parameters: { acl: ACL, pattern: PATTERN },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['acl.del'],
  inverse: 'the pattern is added again',
  about: ['Written as it is in the ACL; `acl show` lists them.'],
  examples: [{ command: 'acl del blocked.acl 192.0.2.7', about: 'let it in again' }],
  async plan({ acl, pattern }, { target: { client } }) {
    const name = await findAcl(client, acl);
    return { steps: [{ do: 'change', changes: [{ kind: 'acl.del', acl: name, pattern }] }] };
  },
});

const networkKind: Kind<string> = {
  placeholder: 'ADDRESS[/BITS]',
  about: 'an IP address or network: `192.0.2.7`, `198.51.100.0/24`, `2001:db8::/48`',
  offers: [],
  parse(word) {
    const [address, bits, ...rest] = word.split('/');
    const most = isIP(address!) === 6 ? 128 : 32;
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (isIP(address!) !== 0 && fits && rest.length === 0) return word;
    throw new OperationError('usage', `'${word}' is no address; write 192.0.2.7 or 198.51.100.0/24`);
  },
};

const WHERE = {
  in: {
    kind: textKind('ACL|TABLE', 'an ACL file of addresses or a stick table that rules look at'),
    about: 'what keeps those who are blocked',
  },
} as const;

/** Networks of fewer bits than these are blocked only when that is said. */
const NARROW = { 4: 16, 6: 32 } as const;

export const block = changing({
  ...PAGE,
  name: 'block',
  summary: 'block a client address or network',
  parameters: { address: { kind: networkKind, about: 'who' } },
  options: { ...WHERE, wide: { kind: null, about: 'block a network wider than /16 (IPv6: /32)' } },
  danger: 'changes',
  guards: [],
  makes: ['acl.add', 'table.set'],
  inverse: 'the address is let in again',
  about: [
    'Adds the address to the ACL, or sets `gpc0` of its entry in the stick table to 1. Rules of the configuration must refuse what is there: `http-request deny if { src -f /etc/haproxy/blocked.acl }`, `tcp-request connection reject if { src_get_gpc0(st) gt 0 }`.',
    'With `--for` it ends by itself.',
  ],
  examples: [
    { command: 'block 192.0.2.7 --in blocked.acl --for 1h --reason "scans"', about: 'an hour without this client' },
  ],
  async plan({ address, in: where, wide }, { target: { client } }) {
    const [host, bits] = address.split('/');
    const narrow = NARROW[isIP(host!) as 4 | 6];
    if (bits !== undefined && Number(bits) < narrow && !wide)
      throw new OperationError(
        'guarded',
        `${address} is a wide network (less than /${narrow}); --wide blocks it all the same`,
      );
    return { steps: [{ do: 'change', changes: [await listed(client, where, address, true)] }] };
  },
});

export const unblock = changing({
  ...PAGE,
  name: 'unblock',
  summary: 'let a client address or network in again',
  parameters: { address: { kind: networkKind, about: 'who' } },
  options: WHERE,
  danger: 'changes',
  guards: [],
  makes: ['acl.del', 'table.set'],
  inverse: 'the address is blocked again',
  about: ['Written as it was blocked: an address within a blocked network stays blocked.'],
  examples: [{ command: 'unblock 192.0.2.7 --in blocked.acl', about: 'at once' }],
  async plan({ address, in: where }, { target: { client } }) {
    return { steps: [{ do: 'change', changes: [await listed(client, where, address, false)] }] };
  },
});

/** The Change that puts an address on a list or takes it off. */
async function listed(client: RuntimeClient, where: string | null, address: string, blocked: boolean): Promise<Change> {
  const acls = (await client.showAcls()).filter(({ file }) => file !== '');
  const tables = await client.showTables();
  const list = [...acls.map(identifier), ...tables.map(({ name }) => name)].join(', ') || 'none';
  if (where === null) throw new OperationError('usage', `--in is missing: where is it kept? There are ${list}`);
  if (tables.some(({ name }) => name === where)) {
    if (address.includes('/'))
      throw new OperationError('usage', `a stick table has addresses, not networks: ${address}`);
    return { kind: 'table.set', table: where, key: address, data: { gpc0: blocked ? '1' : '0' } };
  }
  const [acl] = setsNamed(acls, where);
  if (!acl)
    throw new OperationError('unknown', `there is no ACL file and no stick table '${where}'; there are ${list}`);
  return { kind: blocked ? 'acl.add' : 'acl.del', acl: identifier(acl), pattern: address };
}
