/**
 * Exchanges in which the installed haproxy's handling of the persistence cookie was recorded (`record.ts` -> `recorded.json`) and is compared
 * with ours (`../cookies.test.ts`).
 *
 * The backend has the servers a (cookie A), b (B), down (D, always down), twin (D), bare (none), chosen in that order. `{now-N}` in a cookie stands
 * for the date N seconds ago as HAProxy writes it.
 */
export interface CookieCase {
  /** Arguments of `cookie`, after the name `SRV`. */
  readonly cookie: string;
  readonly options?: readonly string[];
  readonly method?: string;
  /** `Cookie` headers of the request. */
  readonly request: readonly string[];
  readonly status?: number;
  /** `Set-Cookie` headers of the server. */
  readonly response: readonly string[];
  /** Other headers of the server, and of the request: for `nocache`. */
  readonly header?: readonly string[];
  readonly requestHeader?: string;
}

const MODES = [
  'insert', 'insert indirect', 'insert indirect nocache', 'insert preserve', 'insert indirect preserve', 'rewrite', 'prefix', 'prefix indirect',
  'insert postonly', 'insert indirect maxidle 30m maxlife 8h',
]; // biome-ignore format: a table

const REQUESTS: readonly (readonly string[])[] = [
  [], ['SRV=A'], ['SRV=B'], ['SRV=X'], ['SRV='], ['SRV=D'], ['x=1'], ['x=1; SRV=B'], ['SRV=B; x=1'], ['x=1; SRV=B; y=2'], ['x=1;SRV=B;y=2'],
  ['x=1 ;  SRV = B ; y=2'], ['x=1, SRV=B, y=2'], ['SRV=B; SRV=A'], ['SRV=A', 'SRV=B'], ['x=1', 'SRV=B', 'y=2'], ['SRV="B"'], ['x="a;SRV=A"; SRV=B'],
  ['XSRV=A'], ['srv=B'], ['SRV'], ['SRV; x=1'], ['x; SRV=B'], ['SRV=B;'], ['; SRV=B'], ['SRV=B~value'], ['x=1; SRV=A~v1; y=2'], ['SRV=~value'], ['SRV=B~'],
  ['SRV=B|{now-60}'], ['SRV=B|{now-60}|{now-600}'], ['SRV=B|{now-4000}|{now-5000}'], ['SRV=B|{now-60}|{now-30000}'], ['SRV=B|{now+90000}'], ['SRV=B|{now+600}|{now+600}'],
  ['SRV=B|abc'], ['SRV=B|'], ['SRV=B|!!!!!'], ['$Version=1; SRV=B; $Path=/; x=1'], ['x=1; SRV=B; $Path=/'], ['SRV=X; SRV=B'], ['SRV=D; SRV=A'], ['x=1;;SRV=B'],
  ['x=1; SRV=A; SRV=B; y=2'], ['a=b; SRV=B'], ['SRV=B,'], ['=B; SRV=B'], ['x = 1; SRV=B; y =2;z= 3'], ['x=1; SRV = A ; y=2'], ['SRV =A'], ['x; SRV=B; y'], ['; SRV=B; x'], ['SRV=B; ; x=1'],
  ['SRV=B; $Path=/'], ['$Version=1; SRV=B'], ['x = 1'],
]; // biome-ignore format: a table

const RESPONSES: readonly (readonly string[])[] = [
  ['SRV=own; path=/'], ['SRV=own', 'x=1'], ['x=1; path=/'], ['SRV=; path=/'], ['SRV'], ['SRV = own ; path=/x'], ['x=1, SRV=own'], ['SRV="o;wn"; path=/'], ['SRV=a,b; path=/'],
  ['XSRV=own'], ['SRV=1', 'SRV=2'], ['x = 1; path=/'], ['; SRV=own'], ['SRV=own,x=1; path=/'], ['x=1; SRV=own'],
]; // biome-ignore format: a table

function all(): CookieCase[] {
  const cases: CookieCase[] = [];
  for (const cookie of MODES) {
    for (const request of REQUESTS) cases.push({ cookie, request, response: [] });
    for (const response of RESPONSES) for (const request of [[], ['SRV=B']]) cases.push({ cookie, request, response });
  }
  for (const cookie of [
    'insert maxidle 30m',
    'insert maxlife 8h',
    'insert indirect',
    'insert maxidle 30m maxlife 8h',
  ]) {
    for (const dates of [
      '',
      '|{now-60}',
      '|{now-1900}',
      '|{now-60}|{now-600}',
      '|{now-60}|{now-29000}',
      '|{now+600}',
      '|{now+600}|{now-600}',
    ]) {
      cases.push({ cookie, request: [`SRV=A${dates}`], response: [] });
    }
  }
  for (const attributes of [
    'insert httponly secure domain .a.org domain b.org',
    'insert attr "SameSite=None" attr "x=y" httponly',
    'insert secure',
    'insert nocache',
  ]) {
    for (const request of [[], ['SRV=B']]) cases.push({ cookie: attributes, request, response: [] });
  }
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE']) {
    for (const status of [200, 203, 204, 206, 300, 301, 302, 307, 308, 400, 404, 405, 410, 414, 500, 501, 503]) {
      cases.push({
        cookie: 'insert nocache',
        method,
        request: [],
        status,
        response: [],
        header: ['cache-control: max-age=60'],
      });
    }
    cases.push({ cookie: 'insert nocache', method, request: [], response: [] });
    cases.push({ cookie: 'insert postonly', method, request: [], response: [] });
  }
  for (const value of [
    'no-cache',
    'private',
    'public',
    'max-age=0',
    'max-age=60',
    's-maxage=0',
    'no-store',
    'no-cache="set-cookie"',
    'no-cache="x"',
    'max-age=0, public',
    'no-cache, x',
    'NO-STORE',
    'max-age=60, no-cache',
    's-maxage=60',
    'public, max-age=60',
    'max-age=60, private',
    'max-age=60, no-cache="set-cookie"',
    'max-age=60, no-cache="x"',
    'max-age=60, max-age=0',
    'max-age=60, s-maxage=0',
    'max-age=60, no-cache, public',
    'max-age=00',
    'max-age=',
    'max-age',
    'MAX-AGE=60',
    'must-revalidate',
    'x="max-age=60"',
    'max-age="60"',
  ]) {
    for (const status of [200, 302])
      cases.push({ cookie: 'insert nocache', request: [], status, response: [], header: [`cache-control: ${value}`] });
  }
  for (const header of [
    ['etag: "x"'],
    ['last-modified: Tue, 01 Jan 2030 00:00:00 GMT'],
    ['expires: Tue, 01 Jan 2030 00:00:00 GMT'],
    ['expires: 0'],
    ['vary: accept'],
    ['vary: *', 'etag: "x"'],
    ['age: 5', 'etag: "x"'],
    ['pragma: no-cache', 'etag: "x"'],
    ['etag: "x"', 'cache-control: no-cache'],
    ['cache-control: max-age=60', 'cache-control: private'],
    ['expires: Tue, 01 Jan 2030 00:00:00 GMT', 'cache-control: max-age=0'],
    ['set-cookie: a=b', 'etag: "x"'],
    ['authorization: x', 'etag: "x"'],
  ]) {
    cases.push({ cookie: 'insert nocache', request: [], response: [], header });
    cases.push({ cookie: 'insert nocache', method: 'POST', request: [], response: [], header });
  }
  for (const requestHeader of [
    'pragma: no-cache',
    'cache-control: no-cache',
    'cache-control: no-store',
    'cache-control: max-age=0',
    'authorization: Basic eDp5',
  ]) {
    cases.push({ cookie: 'insert nocache', request: [], response: [], header: ['etag: "x"'], requestHeader });
  }
  for (const options of [['persist'], ['force'], ['ignore'], ['use-server'], ['bare']]) {
    for (const request of [[], ['SRV=B'], ['SRV=D'], ['SRV=X'], ['SRV=Z']]) {
      cases.push({ cookie: 'insert indirect', options, request, response: [] });
      cases.push({ cookie: 'rewrite', options, request, response: ['SRV=own'] });
      cases.push({ cookie: 'prefix', options, request: request.map((value) => `${value}~v`), response: ['SRV=own'] });
    }
  }
  return cases;
}

/** Headers put together at random (but always the same), with the characters that mean something. */
function* oddHeaders(seed: number): Generator<string, never> {
  const pieces = [
    'SRV',
    '=',
    '=',
    ';',
    ';',
    ',',
    ' ',
    'B',
    'A',
    '|',
    '~',
    '"',
    '$',
    'x',
    '\\',
    'SRV=B',
    '; SRV=A',
    'x=1',
  ];
  for (let state = seed; ; ) {
    let text = '';
    for (let i = 0; i < 9; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      text += pieces[(state >>> 8) % pieces.length];
    }
    yield text.trim();
  }
}

function odd(): CookieCase[] {
  const cases: CookieCase[] = [];
  for (const [i, cookie] of ['insert indirect', 'prefix', 'rewrite'].entries()) {
    const headers = oddHeaders(100 + i);
    for (let n = 0; n < 150; n++) cases.push({ cookie, request: [headers.next().value], response: [] });
    for (let n = 0; n < 50; n++) cases.push({ cookie, request: [], response: [headers.next().value] });
  }
  return cases;
}

export const CASES: readonly CookieCase[] = [...all(), ...odd()];

/** What came of a case, in one line: server, letters, cookies sent to it, headers sent to the client. */
export interface Observed {
  readonly server: string;
  readonly letters: string;
  readonly toServer: readonly string[];
  readonly toClient: readonly string[];
}

export function line(observed: Observed): string {
  const { server, letters, toServer, toClient } = observed;
  return `${server} ${letters} [${toServer.map((value) => value || '(empty)').join(' | ')}] [${toClient.join(' | ')}]`;
}

/** Options of a case as configuration lines. */
export const OPTION_LINES: Readonly<Record<string, string>> = {
  persist: 'option persist',
  force: 'force-persist if TRUE',
  ignore: 'ignore-persist if TRUE',
  'use-server': 'use-server a if TRUE',
  bare: '',
};

/** The date in a cookie: 30 bits in base64, units of 4 s. */
export function dateText(seconds: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const units = Math.floor(seconds / 4);
  return [24, 18, 12, 6, 0].map((shift) => alphabet[(units >> shift) & 63]).join('');
}

/** Puts dates in for `{now-N}`. */
export function withDates(text: string, now: number): string {
  return text.replace(/\{now([+-]\d+)\}/g, (_, offset) => dateText(now + Number(offset)));
}

/** Puts `{now-N}` in for dates near to it (N a multiple of 4). */
export function withoutDates(text: string, now: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return text.replace(/\|([A-Za-z0-9+/]{5})(?=[|; ]|$)/g, (_, date: string) => {
    const units = [...date].reduce((sum, digit) => sum * 64 + alphabet.indexOf(digit), 0);
    const offset = 4 * (units - Math.floor(now / 4));
    return `|{${Math.abs(offset) <= 8 ? 'now' : `now${offset > 0 ? '+' : ''}${offset}`}}`;
  });
}
