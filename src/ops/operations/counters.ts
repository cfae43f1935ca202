import { shown } from '../../util/shown.ts';
import { findBackend, findServer } from '../find.ts';
import { serverKind, textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';
import { table } from '../text.ts';

/** Columns of `show stat` that are told, and how they are headed. */
const COLUMNS = {
  stot: 'total',
  rate: 'rate',
  bin: 'bytes in',
  bout: 'bytes out',
  hrsp_2xx: '2xx',
  hrsp_4xx: '4xx',
  hrsp_5xx: '5xx',
  econ: 'connect errors',
  eresp: 'response errors',
  wretr: 'retries',
  wredis: 'redispatched',
  rtime: 'response ms',
} as const;

const OBJECT = {
  kind: textKind('PROXY[/SERVER]', 'a frontend, a backend or a server', 'servers'),
  about: 'only this one',
  optional: true,
} as const;

export const counters = reading({
  name: 'counters',
  group: 'looking',
  summary: 'what has been counted: sessions, bytes, responses, errors',
  parameters: { object: OBJECT },
  options: {},
  about: [
    'Since the process started, or since the counters were cleared. With `--json` every field of `show stat` is there.',
  ],
  examples: [{ command: 'counters be_app', about: 'a backend and its servers' }],
  page: 'operations.md',
  async show({ object }, { target }) {
    const rows = (await target.client.showStat()) as unknown as readonly Readonly<Record<string, string | number>>[];
    const [proxy, server] = (object ?? '').split('/');
    const wanted = rows.filter(
      (row) => object === null || (row['pxname'] === proxy && (server === undefined || row['svname'] === server)),
    );
    const names = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
    const lines = wanted.map((row) => [
      `${row['pxname']}/${row['svname']}`,
      ...names.map((name) => String(row[name] ?? '')),
    ]);
    const head = ['', ...Object.values(COLUMNS)];
    return {
      records: wanted.map((row) => ({ type: 'counters', ...row })),
      lines: wanted.length === 0 ? ['nothing of that name'] : table([head, ...lines.map((row) => row.map(shown))]),
    };
  },
});

export const countersClear = changing({
  name: 'counters clear',
  group: 'looking',
  summary: 'begin to count from 0 again',
  parameters: {
    object: {
      kind: textKind('BACKEND[/SERVER]', 'a backend or a server', 'servers'),
      about: 'of this one only; default: of all',
      optional: true,
    },
  },
  options: {},
  danger: 'dangerous',
  guards: [],
  makes: ['counters.clear'],
  inverse: 'nothing: what was counted is gone',
  about: ['Whoever collects these counters sees them fall to 0. Single objects are possible on Sluice only.'],
  examples: [{ command: 'counters clear --yes', about: 'all of them' }],
  page: 'operations.md',
  plan({ object }, { state }) {
    let scope: 'all' | { backend: string; server: string | null } = 'all';
    if (object !== null) {
      const server = object.includes('/') ? findServer(state, serverKind.parse(object)) : null;
      scope = { backend: server?.backend ?? findBackend(state, object).name, server: server?.name ?? null };
    }
    return { steps: [{ do: 'change', changes: [{ kind: 'counters.clear', scope }] }] };
  },
});
