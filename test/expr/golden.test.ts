import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compileAclTerm, PASS } from '../../src/expr/acl/acl.ts';
import { compileAcls, compileCondition } from '../../src/expr/acl/condition.ts';
import { compileExpression } from '../../src/expr/compile.ts';
import { compileLogFormat } from '../../src/expr/log/format.ts';
import { place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import type { ExprContext, TransportFacts } from '../../src/expr/types.ts';
import type { RequestCase } from './cases.ts';
import { context, proxy, server } from './context.ts';
import { lineRequests } from './log-cases.ts';
import { newerConversions } from './newer-cases.ts';

interface Recorded<Input, Output> {
  readonly name: string;
  readonly request: RequestCase;
  readonly results: readonly (readonly [Input, Output])[];
}

function read<Input, Output>(file: string): Recorded<Input, Output>[] {
  return JSON.parse(readFileSync(new URL(`golden/${file}`, import.meta.url), 'utf8'));
}

const hasRing = (name: string) => ['buf0', 'stdout', 'stderr'].includes(name);
const env = {
  ...{ places: place.frontendHttpRequest, proxy: 'fe', environment: { SLUICE_TEST_ENV: 'value' } },
  hasRing,
  acl: (name: string) => (name === 'TRUE' || name === 'FALSE' ? () => name === 'TRUE' : null),
};

/** What differs on purpose. */
const DIFFERENT = new Set<string>([
  // A token without a signature needs no key: HAProxy looks for one in a file.
  '%[str(a),jwt_verify(none,a)]',
  // The padding is decoded as if it were data.
  'str(YQ==),ub64dec',
  'str(-_8=),ub64dec,hex',
  // A ring that is not there is found by `-c`, too.
  '%[str(a),debug(x,nope)]',
  // An address of IPv4 is a number, too, as in HAProxy 2.6.
  'x src -m int 10',
  'x src -m bool 1',
  // Without a mode the fingerprint has everything, other than the manual says.
  ...newerConversions.filter((text) => text.endsWith('),ip.fp,hex')),
  // Dates before 1970.
  'int(-1),ms_utime("%S %N")',
  // RFC 7239 has lists, names in large letters, other protocols and parameters.
  'str("proto=ftp"),rfc7239_is_valid',
  'str("For=1.2.3.4;PROTO=HTTPS"),rfc7239_is_valid',
  'str("for=1.2.3.4, for=5.6.7.8"),rfc7239_is_valid',
  'str("x=y"),rfc7239_is_valid',
  // What stands behind a node is passed over.
  'str("_a b"),rfc7239_n2nn',
  'str("[::1]x"),rfc7239_n2nn',
  // Blanks in lists, and digits of large numbers, which are lost.
  'str(\'[1, 2 ,{"a":  [ 3 ]}]\'),json_query("$[2].a")',
  ...['b', 'c', 'd'].map(
    (name) => `str('{"a":1e3,"b":-0,"c":99999999999999999999,"d":9223372036854775807}'),json_query("$.${name}")`,
  ),
  // A nonce that is too short goes on with what stands behind it in memory.
  'str(text),aes_cbc_enc(128,MTIz,Zm9vb2Zvb29mb29wZm9vbw==),hex',
  // No number of X.509.
  'int(-1),x509_v_err_str',
  // A packet that is neither CONNECT nor CONNACK is not valid, however much of it has come.
  'bin(3002),mqtt_is_valid',
  'str("::1"),mqtt_is_valid',
  'bin(3001),mqtt_is_valid',
  'bin(3005000161),mqtt_is_valid',
  // A number that is cut; a boolean that is neither 0 nor 1.
  'bin(08),protobuf(1,int32)',
  'bin(0802),protobuf(1,bool)',
  // A default is one where there is no parent, too.
  'var(ptxn.a,none)',
  // Without `timeout tarpit` that of connecting counts, as the manual says.
  'cur_tarpit_timeout',
  'fe_tarpit_timeout',
  // Known when rules are evaluated.
  'req.timer.hdr',
  // The stream of this test has a backend.
  'str(s1),srv_is_up',
  // Facts of the machine that recorded.
  'hostname,length',
]);

/** Log-formats that are refused for the same reason in other words. */
const IN_OTHER_WORDS = new Set<string>([
  '%[str(a),has_ctl(x)]',
  '%[str(a),has_ctl(-1)]',
  '%[str(a),aes_gcm_enc(128,Zm9v,Zm9v,x)]',
  '%[str(a),when(nope)]',
  '%[str(a),when()]',
  '%[str(a),map_str_key]',
  '%[str(a),protobuf(1,nope)]',
  '%[fc_pp_tlv(nope)]',
  '%[fc_pp_tlv(300)]',
  '%[bc.timer.connect]',
  '%[server_status]',
]);

const NOW = Date.UTC(2024, 1, 9, 12, 12, 53, 250);
const endpoints = { source: { host: '127.0.0.1', port: 50000 }, destination: { host: '127.0.0.1', port: 8000 } };
const transport: TransportFacts = {
  ...{ error: 0, streams: 1, streamsLimit: 1, glitches: 0, streamId: 0, aborted: false, resetCode: -1 },
  ...{ tcpInfo: () => null, savedSyn: () => '' },
};

/** The stream that the recording HAProxy saw. */
function recordedStream(request: RequestCase, index: number): ExprContext {
  const s1 = server('s1', {
    maxconn: 10,
    maxqueue: 0,
    initialWeight: 100,
    userWeight: 100,
    connections: () => 0,
    queued: () => 0,
    sessionRate: () => 0,
  });
  const be = proxy('be', {
    id: 3,
    servers: [s1, server('s2', { id: 2, usable: false })],
    connections: () => 0,
    queued: () => 0,
  });
  const fe = proxy('fe', { id: 2, connections: () => 1, timeouts: { client: 5000 }, defaultBackend: 'be' });
  return context({
    method: request.method,
    uri: request.uri,
    version: request.version === '1.0' ? 10 : 11,
    headers: [...request.headers.map((header) => [...header]), ['X-Case', String(index)]],
    source: endpoints.source,
    log: {
      requestLine: `${request.method} ${request.uri} HTTP/${request.version}`,
      ...{ acceptDate: NOW, idleTime: 0, requestTime: 0, connectTime: -1, bytesUploaded: 0, requestSent: 0 },
      termination: 'LR--',
    },
    more: {
      now: NOW,
      ...{ server: null, clientConnection: { ...endpoints, proxied: false, error: 0, httpMajor: 1, transport } },
      termEvents: '{,,,,,-,-}',
      destination: endpoints.destination,
      firstRequest: true,
      frontend: fe,
      backend: be,
      findBackend: (name) => (name === 'be' ? be : null),
    },
  });
}

for (const { name, request, results } of read<string, string | null>('expressions.json')) {
  describe(`expressions on a ${name} give what HAProxy gives`, () => {
    for (const [text, expected] of results) {
      if (DIFFERENT.has(text)) continue;
      test(`${text} is ${expected === null ? 'no sample' : JSON.stringify(expected)}`, () => {
        const ctx = recordedStream(request, 100);
        const found = compileExpression([text], env);
        assert.ok(!isError(found), JSON.stringify(found));
        const format = compileLogFormat(`%[${text}]`, env, { raw: true });
        assert.ok(!isError(format), JSON.stringify(format));
        const value = found.compiled.evaluate(ctx);
        assert.equal(value === undefined ? null : format.format(ctx), expected);
      });
    }
  });
}

for (const { name, request, results } of read<string[], boolean>('conditions.json')) {
  describe(`ACLs on a ${name} match as in HAProxy`, () => {
    for (const [words, expected] of results) {
      test(`${words.join(' ')} ${expected ? 'matches' : 'does not match'}`, () => {
        const term = compileAclTerm(words, env);
        assert.ok(!isError(term), JSON.stringify(term));
        assert.equal(term.decide(recordedStream(request, 0)) === PASS, expected);
      });
    }
  });
}

const rulePlaces = { places: place.frontendHttpRequest | place.backendHttpRequest, proxy: 'fe', hasRing };
const noAcls = compileAcls([], rulePlaces).acls;

const refusals: Record<'formats' | 'acls' | 'conditions', [string, string][]> = JSON.parse(
  readFileSync(new URL('golden/refusals.json', import.meta.url), 'utf8'),
);

describe('log-formats are refused in the words of HAProxy', () => {
  for (const [text, expected] of refusals.formats) {
    if (DIFFERENT.has(text)) continue;
    test(`${text}: ${expected || 'taken'}`, () => {
      const format = compileLogFormat(text, rulePlaces);
      const error = isError(format) ? format.error : '';
      if (IN_OTHER_WORDS.has(text)) assert.ok(error !== '' && expected !== '');
      else assert.equal(error, expected);
    });
  }
});

describe('acl lines are refused in the words of HAProxy', () => {
  for (const [line, expected] of refusals.acls) {
    if (DIFFERENT.has(line)) continue;
    test(`${line}: ${expected || 'taken'}`, () => {
      const { problems } = compileAcls([{ words: line.split(' '), at: { file: 'f', line: 1 } }], rulePlaces);
      const alerts = problems.filter(({ severity }) => severity === 'alert').map(({ text }) => text);
      assert.equal(
        alerts
          .join()
          .replace(/^error detected while parsing ACL '[^']*' : /, '')
          .replace(/\.$/, ''),
        expected,
      );
    });
  }
});

describe('conditions are refused in the words of HAProxy', () => {
  for (const [text, expected] of refusals.conditions) {
    test(`${text}: ${expected || 'taken'}`, () => {
      const condition = compileCondition(text.split(' '), noAcls, rulePlaces);
      assert.equal(isError(condition) ? condition.error : '', expected);
    });
  }
});

interface RecordedLine {
  readonly format: string;
  readonly request: string;
  readonly line: string;
}

const lines: RecordedLine[] = JSON.parse(readFileSync(new URL('golden/lines.json', import.meta.url), 'utf8'));

describe('log lines read as those of HAProxy', () => {
  const requests = new Map(lineRequests.map(({ name, request }) => [name, request]));
  for (const { format: text, request: name, line } of lines) {
    test(`${text} of a ${name}`, () => {
      const request = requests.get(name)!;
      const format = compileLogFormat(text, { places: place.logs }, { line: true });
      assert.ok(!isError(format), JSON.stringify(format));
      const last = (header: string) => request.headers.filter(([other]) => other === header).at(-1)?.[1] ?? null;
      const ctx = context({
        method: request.method,
        uri: request.uri,
        source: { host: '127.0.0.1', port: 1 },
        log: {
          requestLine: `${request.method} ${request.uri} HTTP/${request.version}`,
          captures: { request: [last('User-Agent'), last('X-List')], response: [null] },
          ...{ termination: 'LR--', origin: 'txn_close' },
          serverHost: '',
          localHost: '',
        },
        more: { backend: null, server: null, uniqueId: '' },
      });
      assert.equal(format.format(ctx), line);
    });
  }
});
