import { parseSession, type SessionRow } from '../../client/parse/sessions.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import { findServer } from '../find.ts';
import { numberKind, serverKind, spanKind, textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';
import { count, table } from '../text.ts';

/** How many are listed when nothing else is asked for. */
const LISTED = 50;

export const sessions = reading({
  name: 'sessions',
  group: 'sessions',
  summary: 'sessions that are open now, oldest first',
  parameters: {
    object: {
      kind: textKind('BACKEND[/SERVER]|FRONTEND', 'a name', 'servers'),
      about: 'only those of this one',
      optional: true,
    },
  },
  options: {
    older: { kind: spanKind, about: 'only those that are open for at least this time' },
    from: { kind: textKind('ADDRESS', 'the beginning of an address'), about: 'only those of this client' },
    last: { kind: numberKind('N', 1, 1_000_000), about: 'how many to list; default 50' },
  },
  about: [
    'The id in the first column is what `kill` takes. Lists of HAProxy and Sluice are moments: a session may be gone when you read it.',
  ],
  examples: [
    { command: 'sessions be_app/app1 --older 5m', about: 'what hangs on a server' },
    { command: 'sessions --from 192.0.2.7 --json', about: 'all of one client' },
  ],
  page: 'operations.md',
  async show({ object, older, from, last }, { target }) {
    const text = await target.client.run(['show', 'sess']);
    const all = text.split('\n').flatMap((line) => parseSession(line) ?? []);
    const wanted = all
      .filter((row) => object === null || isOf(row, object))
      .filter((row) => from === null || row.src.startsWith(from))
      .map((row) => ({ ...row, ageMs: ageOf(row.age) }))
      .filter((row) => row.ageMs >= (older ?? 0))
      .sort((a, b) => b.ageMs - a.ageMs);
    const listed = wanted.slice(0, last ?? LISTED);
    const rows = listed.map((row) => [row.id, row.age, row.src, row.fe, `${row.be}/${row.srv}`, row.proto].map(shown));
    const rest =
      wanted.length > listed.length ? [`and ${wanted.length - listed.length} more (--last ${wanted.length})`] : [];
    return {
      records: listed.map(({ fields: _, ...row }) => ({ type: 'session', ...row })),
      lines: [`${count(wanted.length, 'session')} of ${all.length}`, ...table(rows, 2), ...rest],
    };
  },
});

function isOf({ fe, be, srv }: SessionRow, object: string): boolean {
  return object.includes('/') ? `${be}/${srv}` === object : fe === object || be === object;
}

/** `1h2m`, `5s`, `3d4h` in ms. */
function ageOf(text: string): number {
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)([dhms])/g))
    seconds += Number(number) * ({ d: 86_400, h: 3_600, m: 60, s: 1 }[unit!] ?? 0);
  return seconds * 1000;
}

export const kill = changing({
  name: 'kill',
  group: 'sessions',
  summary: 'end sessions: the one of that id, or all of a server',
  parameters: {
    what: {
      kind: textKind('SESSION|BACKEND/SERVER', 'an id (`0x...`), or a server', 'servers'),
      about: 'what to end',
      many: true,
    },
  },
  options: {},
  danger: 'dangerous',
  guards: [],
  makes: ['session.kill', 'sessions.kill-server'],
  inverse: 'nothing: what is ended is ended',
  about: ['Clients see a closed connection, or a response that stops. The log line has the state `K`.'],
  examples: [
    { command: 'kill 0x7f3c5400 --yes', about: 'one session, from `sluice sessions`' },
    { command: 'kill be_app/app1', about: 'all of a server; asks first' },
  ],
  page: 'operations.md',
  plan({ what }, { state }) {
    const changes = what.map((word) => {
      if (/^0x[0-9a-f]+$/i.test(word)) return { kind: 'session.kill', id: word } as const;
      if (!word.includes('/'))
        throw new OperationError('usage', `'${word}' is neither an id of a session (0x...) nor BACKEND/SERVER`);
      const { backend, name } = findServer(state, serverKind.parse(word));
      return { kind: 'sessions.kill-server', backend, server: name } as const;
    });
    return { steps: [{ do: 'change', changes }] };
  },
});
