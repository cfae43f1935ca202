/**
 * Records what HAProxy makes of request targets with each normalizer of `normalize-uri`, in normalized.json: `node test/traffic/rules/record.ts`.
 * Program named by $HAPROXY. A frontend for each: HAProxy 2.6 passes over an option that is left out where a condition follows.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from '../../support/connection.ts';
import { start } from '../../support/program.ts';

const RULES = [
  'fragment-encode',
  'fragment-strip',
  'path-merge-slashes',
  'path-strip-dot',
  'path-strip-dotdot',
  'path-strip-dotdot full',
  'percent-decode-unreserved',
  'percent-decode-unreserved strict',
  'percent-to-uppercase',
  'percent-to-uppercase strict',
  'query-sort-by-name',
];

/** Pieces that targets are made of, by a generator of their own so that the file stays the same. */
const PIECES = [
  '/',
  '/',
  '//',
  '.',
  '..',
  '/.',
  '/..',
  '/../',
  '/./',
  'a',
  'foo',
  '%2e',
  '%2F',
  '%61',
  '%zz',
  '%',
  '%5a',
  '#x',
  '?',
  '?b=1&a=2',
  '&c',
  '&aa=1',
  '=',
  '.well',
];
let seed = 7;
const next = (below: number) => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * below);
};
const targets = [
  ...[
    '/',
    '/.',
    '/..',
    '/../',
    '/a/..',
    '/a/../',
    '/a/../..',
    '/a/b/../../..',
    '//',
    '/a//../b',
    '/...',
    '/a/.../b',
    '/?',
    '/?&',
    '/?b&a',
    '*',
    'http://h',
    'http://h/',
    'http://h/../a/./b',
    'http://h//?b=1&a=2',
    '/?a=3&b=4&a=1&b=5&a=2',
    '/?aaa=3&a=1&aa=2',
    '/%%36%36',
  ],
  ...Array.from(
    { length: 220 },
    () => `/${Array.from({ length: 1 + next(7) }, () => PIECES[next(PIECES.length)]).join('')}`,
  ),
];

const cleanUps: (() => unknown)[] = [];
const run = await start(
  { after: (cleanUp) => cleanUps.push(cleanUp) },
  `
global
    expose-experimental-directives
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
${RULES.map(
  (rule, i) => `
frontend fe${i}
    bind {addr:fe${i}}
    http-request set-uri %[hdr(x-uri)]
    http-request normalize-uri ${rule}
    http-request return status 200 content-type text/plain lf-string "%[url]"`,
).join('')}
`,
  { program: process.env['HAPROXY'] ?? '/usr/sbin/haproxy' },
);
const recorded: Record<string, Record<string, string | null>> = {};
for (const [i, rule] of RULES.entries()) {
  const made: Record<string, string | null> = {};
  for (const target of new Set(targets)) {
    const answer = await request(
      run.port(`fe${i}`),
      `GET / HTTP/1.1\nHost: x\nx-uri: ${target}\nConnection: close\n\n`,
    );
    made[target] = answer.status === 400 ? null : answer.text;
  }
  recorded[rule] = made;
}
writeFileSync(join(import.meta.dirname, 'normalized.json'), `${JSON.stringify(recorded, null, 1)}\n`);
for (const cleanUp of cleanUps) cleanUp();
