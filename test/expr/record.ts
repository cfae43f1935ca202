/**
 * Records what HAProxy answers to the cases of cases.ts in golden/*.json: `node test/expr/record.ts [expressions|conditions|refusals|lines]`,
 * program named by $HAPROXY, folder by $GOLDEN. The golden values are those of HAProxy 3.4; with HAPROXY=bin/sluice and another folder
 * what differs over real connections is seen.
 * Cases that this version of HAProxy refuses are left out.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conditionGroups, expressionGroups, type RequestCase } from './cases.ts';
import { lineFormats, lineRequests } from './log-cases.ts';
import { aclLines, conditions, formats } from './refusal-cases.ts';

const program = process.env['HAPROXY'] ?? 'haproxy';
/** Names of the files to record; none = all. */
const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'record-'));

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

function configuration(port: number, rules: readonly string[]): string {
  return [
    'global',
    `  stats socket ${join(folder, 'socket')}`,
    'defaults',
    '  mode http',
    '  timeout client 5s',
    '  timeout server 5s',
    '  timeout connect 1s',
    '  option dontlognull',
    'frontend fe',
    `  bind 127.0.0.1:${port} name public`,
    ...rules.map((rule) => `  ${rule}`),
    '  default_backend be',
    'backend be',
    '  server s1 127.0.0.1:1 weight 100 maxconn 10',
    '  server s2 127.0.0.1:2 disabled',
    '',
  ].join('\n');
}

function write(text: string): string {
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  return file;
}

/** The numbers of the cases whose rules HAProxy all takes; it may stop at some errors, so it is asked until it has none. */
function accepted(cases: readonly (readonly string[])[]): number[] {
  let numbers = cases.map((_, index) => index);
  for (;;) {
    const caseOfLine = numbers.flatMap((number) => cases[number]!.map(() => number));
    const text = configuration(
      1024,
      numbers.flatMap((number) => cases[number]!),
    );
    const base = text.split('\n').findIndex((line) => line.includes('bind')) + 2;
    const result = spawnSync(program, ['-c', '-f', write(text)], { encoding: 'latin1', env });
    const refused = new Set<number>();
    for (const match of result.stderr.matchAll(/(?:\[ALERT\].*|^\s+parsing )\[[^\]]*:(\d+)\]/gm)) {
      refused.add(caseOfLine[Number(match[1]) - base]!);
    }
    if (result.status === 0) return numbers;
    if (refused.size === 0) throw new Error(result.stderr);
    numbers = numbers.filter((number) => !refused.has(number));
  }
}

const env = { ...process.env, SLUICE_TEST_ENV: 'value', TZ: 'UTC' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts HAProxy with these lines in its frontend; `quiet`: its first answer would disturb, so that only the port is tried. */
async function start(rules: readonly string[], quiet = false): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const child = spawn(program, ['-db', '-f', write(configuration(port, rules))], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  child.stderr!.setEncoding('latin1');
  let messages = '';
  child.stderr!.on('data', (text) => {
    messages += text;
  });
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(messages);
    const probe: RequestCase = { method: 'GET', uri: '/', version: '1.1', headers: [] };
    const answer = await (quiet ? touch(port) : exchange(port, probe, -1)).catch(() => null);
    if (answer !== null) return { port, child };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no answer: ${messages}`);
}

/** Connects and closes at once. */
function touch(port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy());
    socket.on('close', (failed) => (failed ? reject(new Error('not yet')) : resolve(true)));
    socket.on('error', () => {});
  });
}

function exchange(port: number, request: RequestCase, index: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let received = '';
    socket.on('data', (text) => {
      received += text;
    });
    socket.on('error', reject);
    socket.on('end', () => {
      const split = received.indexOf('\r\n\r\n');
      resolve({ status: Number(received.slice(9, 12)), body: received.slice(split + 4) });
    });
    const headers = [...request.headers, ['X-Case', String(index)], ['Connection', 'close']];
    const lines = [
      `${request.method} ${request.uri} HTTP/${request.version}`,
      ...headers.map(([n, v]) => `${n}: ${v}`),
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  });
}

const caseIs = (index: number): string => `{ req.hdr(x-case) -m str ${index} }`;

async function recordExpressions(): Promise<unknown[]> {
  const recorded: unknown[] = [];
  for (const { name, request, expressions } of expressionGroups) {
    const cases = expressions.map((text, i) => [
      `http-request return status 404 if ${caseIs(i)} !{ ${quote(text)} -m found }`,
      `http-request return status 200 content-type text/plain lf-string ${quote(`%[${text}]`)} if ${caseIs(i)}`,
    ]);
    const good = accepted(cases);
    const rules = good.flatMap((i) => cases[i]!);
    const { port, child } = await start(rules);
    const results: (readonly [string, string | null])[] = [];
    for (const i of good) {
      const { status, body } = await exchange(port, request, i);
      results.push([expressions[i]!, status === 200 ? body : null]);
    }
    child.kill();
    recorded.push({ name, request, results, refused: expressions.filter((_, i) => !good.includes(i)) });
  }
  return recorded;
}

async function recordConditions(): Promise<unknown[]> {
  const recorded: unknown[] = [];
  for (const { name, request, terms } of conditionGroups) {
    const cases = terms.map((words, i) => [
      `http-request return status 200 if ${caseIs(i)} { ${words.map(quote).join(' ')} }`,
    ]);
    const good = accepted(cases);
    const { port, child } = await start(good.flatMap((i) => cases[i]!));
    const results: (readonly [readonly string[], boolean])[] = [];
    for (const i of good) results.push([terms[i]!, (await exchange(port, request, i)).status === 200]);
    child.kill();
    recorded.push({ name, request, results, refused: terms.filter((_, i) => !good.includes(i)) });
  }
  return recorded;
}

/** What HAProxy says of one line in a frontend: what follows `before` up to the final dot, or '' when it takes it. */
function messageOf(line: string, before: RegExp): string {
  const result = spawnSync(program, ['-c', '-f', write(configuration(1024, [line]))], { encoding: 'latin1', env });
  const match = before.exec(result.stderr);
  return match === null
    ? ''
    : (/^(.*?)\.?$/.exec(result.stderr.slice(match.index + match[0].length).split('\n')[0]!)?.[1] ?? '');
}

function recordRefusals(): unknown {
  const rule = /while parsing 'http-request [a-z-]+' rule : /;
  const condition = /while parsing an 'http-request [a-z-]+' condition : /;
  return {
    formats: formats.map((text) => [text, messageOf(`http-request set-header x ${quote(text)}`, rule)]),
    acls: aclLines.map((words) => [
      words.join(' '),
      messageOf(
        `acl ${words.map(quote).join(' ')}`,
        /\[ALERT\].*?parsing \[[^\]]*\] : (?:error detected while parsing ACL '[^']*' : )?/,
      ),
    ]),
    conditions: conditions.map((words) => [
      words.join(' '),
      messageOf(`http-request deny ${words.map(quote).join(' ')}`, condition),
    ]),
  };
}

/** One line a format and request, as it comes in a datagram, without the syslog header. */
async function recordLines(): Promise<unknown> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const rules = [
    'capture request header User-Agent len 32',
    'capture request header X-List len 32',
    'capture response header X-None len 10',
    'http-request return status 200',
  ];
  const recorded: unknown[] = [];
  for (const format of lineFormats) {
    const log = [`log 127.0.0.1:${socket.address().port} format raw local0`, `log-format ${quote(format)}`];
    const { port, child } = await start([...log, ...rules], true);
    for (const { name, request } of lineRequests) {
      const line = new Promise<string>((resolve) => {
        socket.once('message', (message) => resolve(message.toString('latin1')));
      });
      await exchange(port, request, 0);
      recorded.push({ format, request: name, line: (await line).replace(/\n$/, '') });
    }
    child.kill();
  }
  socket.close();
  return recorded;
}

const golden = process.env['GOLDEN'] ?? fileURLToPath(new URL('golden/', import.meta.url));
/** Biome lays them out: `npx biome check --write test/expr/golden`. */
function save(name: string, recorded: unknown): void {
  writeFileSync(join(golden, name), `${JSON.stringify(recorded, null, 2)}\n`);
}

const parts: Readonly<Record<string, () => unknown>> = {
  refusals: recordRefusals,
  expressions: recordExpressions,
  conditions: recordConditions,
  lines: recordLines,
};
try {
  for (const [name, record] of Object.entries(parts)) {
    if (wanted.length === 0 || wanted.includes(name)) save(`${name}.json`, await record());
  }
} finally {
  rmSync(folder, { recursive: true });
}
