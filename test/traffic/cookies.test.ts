import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { CookieConfig } from '../../src/config/types.ts';
import { CookieState, cacheability, decodeDate, encodeDate, PersistenceCookie } from '../../src/traffic/cookies.ts';
import { CASES, type CookieCase, line, withDates, withoutDates } from './cookies/cases.ts';

interface Server {
  readonly name: string;
  readonly view: { readonly cookie: string | null };
  readonly usable: boolean;
}

const server = (name: string, cookie: string | null, usable = true): Server => ({ name, view: { cookie }, usable });

const recorded = JSON.parse(readFileSync(new URL('cookies/recorded.json', import.meta.url), 'utf8')) as {
  observed: string[];
};

suite('the persistence cookie is handled as haproxy was seen to', () => {
  const byConfiguration = Map.groupBy(CASES.entries(), ([, spec]) => `${spec.cookie} ${spec.options ?? ''}`);
  for (const [configuration, cases] of byConfiguration) {
    test(`cookie SRV ${configuration}`, () => {
      for (const [i, spec] of cases) assert.equal(exchange(spec), recorded.observed[i], JSON.stringify(spec));
    });
  }
});

/** One exchange as the traffic thread runs it, in the words of the record. */
function exchange(spec: CookieCase): string {
  const now = 1_800_000_000;
  const options = spec.options ?? [];
  const cookie = new PersistenceCookie<Server>(cookieConfig(spec.cookie));
  const servers = [
    server('a', 'A'),
    server('b', 'B'),
    server('down', 'D', false),
    server('twin', 'D'),
    server('bare', null),
  ];
  if (options.includes('bare')) servers.unshift(servers.pop()!);
  if (options.length > 0) servers.push(server('alone', 'Z', false));
  cookie.update(servers);

  const state = new CookieState<Server>();
  const ignorePersist = options.includes('ignore');
  const used = options.includes('use-server') ? servers[0]! : null;
  const persistence = {
    force: options.includes('persist') || options.includes('force'),
    ignore: ignorePersist || used !== null,
  };
  const toServer = spec.request.map((value) => cookie.readRequest(withDates(value, now), state, now, persistence));

  const direct = state.server !== null || used !== null;
  const chosen = used ?? state.server ?? servers.find((candidate) => candidate.usable)!;
  const headers = (spec.header ?? []).map((header) => header.split(/: (.*)/) as [string, string]);
  const toClient: string[] = [];
  const setCookies = [...spec.response, ...headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)];
  for (const value of setCookies) {
    const kept = ignorePersist ? value : cookie.readResponse(value, state, chosen, direct);
    if (kept !== null) toClient.push(`set-cookie: ${kept}`);
  }
  for (const [name, value] of headers) if (name === 'cache-control') toClient.push(`${name}: ${value}`);
  const method = spec.method ?? 'GET';
  const inserted = ignorePersist ? null : cookie.insert(state, chosen, direct, method === 'POST', now);
  if (inserted !== null) {
    toClient.push(`set-cookie: ${inserted}`);
    const cached = cookie.config.nocache && cacheability(method, head(spec.status ?? 200, headers)) !== 'no';
    if (cached) toClient.push('cache-control: private');
  }
  const dated = (text: string) => withoutDates(text, now);
  return line({
    server: chosen.name,
    letters: state.request + state.response,
    toServer: toServer.filter((value) => value !== null).map(dated),
    toClient: toClient.map(dated),
  });
}

function head(status: number, headers: readonly (readonly [string, string])[]) {
  return {
    status,
    findHeader: (name: string, from: number) => headers.findIndex((header, i) => i >= from && header[0] === name),
    headerValue: (i: number) => headers[i]![1],
  };
}

function cookieConfig(words: string): CookieConfig {
  const list = words.split(' ');
  const all = (word: string) => list.flatMap((w, i) => (w === word ? [list[i + 1]!.replaceAll('"', '')] : []));
  const seconds = (word: string) => {
    const [value] = all(word);
    return value === undefined ? 0 : Number.parseInt(value, 10) * (value.endsWith('h') ? 3600 : 60);
  };
  return {
    name: 'SRV',
    mode: list.includes('prefix') ? 'prefix' : list.includes('rewrite') ? 'rewrite' : 'insert',
    indirect: list.includes('indirect'),
    nocache: list.includes('nocache'),
    postonly: list.includes('postonly'),
    preserve: list.includes('preserve'),
    httponly: list.includes('httponly'),
    secure: list.includes('secure'),
    dynamic: false,
    domains: all('domain'),
    maxidle: seconds('maxidle'),
    maxlife: seconds('maxlife'),
    attrs: all('attr'),
    dynamicKey: null,
  };
}

suite('dates in cookies', () => {
  test('are read as they were written, cut to four seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 4 * (2 ** 30 - 1) }), (seconds) => {
        assert.equal(decodeDate(`x${encodeDate(seconds)}`, 1), seconds - (seconds % 4));
      }),
    );
  });

  test('are not found in too little text or in other characters', () => {
    assert.equal(decodeDate('AAA', 0), 0);
    assert.equal(decodeDate('ab-cd', 0), -1);
  });
});

suite('any Cookie header', () => {
  const piece = fc.constantFrom('SRV', '=', ';', ',', ' ', 'B', '|', '~', '"', '$', 'x', '\\', 'AAAAA', '\t');
  const header = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));
  const modes = fc.constantFrom(
    'insert',
    'insert indirect',
    'insert indirect maxidle 30m maxlife 8h',
    'prefix',
    'rewrite',
  );

  test('is read to its end, and what is sent on is no longer', () => {
    fc.assert(
      fc.property(header, modes, (value, mode) => {
        const cookie = new PersistenceCookie<Server>(cookieConfig(mode));
        cookie.update([server('b', 'B')]);
        const state = new CookieState<Server>();
        const sent = cookie.readRequest(value, state, 1_800_000_000, { force: false, ignore: false });
        assert.ok(sent === null || sent.length <= value.length + 1);
        if (!value.includes('SRV') && !/[ \t]/.test(value)) assert.equal(sent, value);
        const indirect = new PersistenceCookie<Server>(cookieConfig('insert indirect'));
        const left = indirect.readRequest(value, state, 1_800_000_000, { force: false, ignore: false });
        if (left !== null && left !== value) assert.ok(left.length < value.length);
      }),
      { numRuns: 400 },
    );
  });
});
