import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compileAclTerm, PASS } from '../../src/expr/acl/acl.ts';
import { compileAcls, compileCondition } from '../../src/expr/acl/condition.ts';
import { compileExpression } from '../../src/expr/compile.ts';
import { compileLogFormat } from '../../src/expr/log/format.ts';
import { place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import type { ExprContext } from '../../src/expr/types.ts';
import { expressionGroups, type RequestCase } from './cases.ts';
import { context, proxy, server } from './context.ts';

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
};

/** What differs on purpose: newer HAProxy, or a mistake of the recorded version. */
const DIFFERENT = new Set<string>([
  // Lists are texts in newer versions.
  'str(\'{"a":5,"b":{"c":"x"},"d":[1,2],"e":true,"f":1.5}\'),json_query("$.d")',
  // "alias" in newer versions.
  '%foo',
  // There in newer versions.
  'x acl(y)',
  // Takes variables in newer versions.
  '%[str(a),bytes(a)]',
  // The padding was decoded as if it were data.
  'str(-_8=),ub64dec,hex',
  // Facts of the machine that recorded.
  'hostname,length',
]);

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
    servers: [s1, server('s2', { id: 2, usable: false })],
    connections: () => 0,
    queued: () => 0,
  });
  const fe = proxy('fe', { id: 1, connections: () => 1, timeouts: { client: 5000 }, defaultBackend: 'be' });
  return context({
    method: request.method,
    uri: request.uri,
    version: request.version === '1.0' ? 10 : 11,
    headers: [...request.headers.map((header) => [...header]), ['X-Case', String(index)]],
    source: { host: '127.0.0.1', port: 50000 },
    log: { requestLine: `${request.method} ${request.uri} HTTP/${request.version}` },
    more: {
      destination: { host: '127.0.0.1', port: 8000 },
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
        const format = compileLogFormat(`%[${text}]`, env);
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
      assert.equal(isError(format) ? format.error : '', expected);
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
  const requests = new Map(expressionGroups.map(({ name, request }) => [name, request]));
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
          termination: 'LR--',
          serverHost: '',
          localHost: '',
        },
        more: { backend: null, server: null, uniqueId: '' },
      });
      assert.equal(format.format(ctx), line);
    });
  }
});
