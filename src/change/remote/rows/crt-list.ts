import type { ChangeOf } from '../../change.ts';
import { list } from '../find.ts';
import type { Live } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

/** `add ssl crt-list`. */
export const crtListAdd: RemoteRow<ChangeOf<'crt-list.add'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksList(change.list, live);
    if (missing) return missing;
    if (/[\n\r\0]/.test(line(change)) || (change.options !== '' && !/^\[.*\]$/.test(change.options)))
      return `options stand in brackets, on one line: ${JSON.stringify(change.options)}`;
    const loaded = (await live.ask('show', 'ssl', 'cert', change.certificate)).text.startsWith('Filename: ');
    return loaded ? null : `there is no certificate '${change.certificate}' in memory: make it first`;
  },
  read: (change, live) => count(change, live),
  after: async (change, live) => `${(await entriesOf(change, live)).length + 1} entries`,
  async commands(change) {
    const words = ['add', 'ssl', 'crt-list', change.list];
    const alone = change.options === '' && change.filters.length === 0;
    return [alone ? { words: [...words, change.certificate] } : { words, payload: line(change) }];
  },
  says: /Success!\s*$/,
  async inverse({ list: name, certificate }, live) {
    const all = await numbered(name, live);
    const line = all.some((entry) => entry.certificate === certificate)
      ? Math.max(...all.map((entry) => entry.line)) + 1
      : null;
    return { kind: 'crt-list.del', list: name, certificate, line };
  },
  durable: async (change) => ({ object: change.list, attribute: `line ${line(change)}`, file: '' }),
};

/** `del ssl crt-list`. */
export const crtListDel: RemoteRow<ChangeOf<'crt-list.del'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksList(change.list, live);
    if (missing) return missing;
    const entries = await entriesOf(change, live);
    if (entries.length === 0) return `crt-list '${change.list}' has no entry '${change.certificate}'`;
    const lines = entries.map((entry) => entry.line);
    if (change.line === null)
      return lines.length === 1
        ? null
        : `crt-list '${change.list}' has '${change.certificate}' on the lines ${list(lines.map(String))}: say which`;
    return lines.includes(change.line)
      ? null
      : `'${change.certificate}' is not on line ${change.line}, but on ${list(lines.map(String))}`;
  },
  read: (change, live) => count(change, live),
  after: async (change, live) => `${(await entriesOf(change, live)).length - 1} entries`,
  commands: async ({ list: name, certificate, line }) => [
    { words: ['del', 'ssl', 'crt-list', name, line === null ? certificate : `${certificate}:${line}`] },
  ],
  says: /^Entry '.*' deleted in crtlist/,
  async inverse(change, live) {
    const entries = await entriesOf(change, live);
    const { options, filters } = entries.find((entry) => change.line === null || entry.line === change.line)!;
    return { kind: 'crt-list.add', list: change.list, certificate: change.certificate, options, filters };
  },
  async durable(change, live) {
    const entries = await entriesOf(change, live);
    const entry = entries.find((one) => change.line === null || one.line === change.line)!;
    return { object: change.list, attribute: `line ${line(entry)}`, file: '' };
  },
};

function line({ certificate, options, filters }: Pick<Entry, 'certificate' | 'options' | 'filters'>): string {
  return [certificate, options, ...filters].filter((word) => word !== '').join(' ');
}

interface Entry {
  readonly certificate: string;
  readonly line: number;
  readonly options: string;
  readonly filters: readonly string[];
}

async function numbered(name: string, live: Live): Promise<Entry[]> {
  const { text } = await live.ask('show', 'ssl', 'crt-list', '-n', name);
  // HAProxy prints the end of the ALPN list as it keeps it, with a NUL.
  const lines = text.replaceAll('\0', '').split('\n');
  return lines.flatMap((entry) => {
    const match = /^(\S+):(\d+)(?: (\[.*\]))?(?: (.*))?$/.exec(entry);
    if (!match) return [];
    const filters = (match[4] ?? '').split(' ').filter((word) => word !== '');
    return [{ certificate: match[1]!, line: Number(match[2]), options: match[3] ?? '', filters }];
  });
}

async function entriesOf(
  change: { readonly list: string; readonly certificate: string },
  live: Live,
): Promise<Entry[]> {
  return (await numbered(change.list, live)).filter(({ certificate }) => certificate === change.certificate);
}

async function count(change: { readonly list: string; readonly certificate: string }, live: Live): Promise<string> {
  return `${(await entriesOf(change, live)).length} entries`;
}

async function lacksList(name: string, live: Live): Promise<string | null> {
  const names = (await live.ask('show', 'ssl', 'crt-list')).text.split('\n').filter((entry) => entry !== '');
  return names.includes(name) ? null : `there is no crt-list '${name}'; there are ${list(names)}`;
}
