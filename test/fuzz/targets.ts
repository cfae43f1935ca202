import { ok } from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planChanges } from '../../src/config/diff/plan-changes.ts';
import { parseDocument } from '../../src/config/document.ts';
import { applyEdits } from '../../src/config/edit/apply-edits.ts';
import type { Edit } from '../../src/config/edit/edit.ts';
import { load } from '../../src/control/load.ts';
import { compileAcls, compileCondition } from '../../src/expr/acl/condition.ts';
import { compileExpression } from '../../src/expr/compile.ts';
import { compileLogFormat } from '../../src/expr/log/format.ts';
import { place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import { noFaults } from '../../src/net/sim.ts';
import { Input } from '../../src/runtime/input.ts';
import { splitLine, splitWords } from '../../src/runtime/line.ts';
import { Body, badChunk } from '../../src/traffic/h1/body.ts';
import { Framing, Head } from '../../src/traffic/h1/head.ts';
import { parseRequest, parseResponse } from '../../src/traffic/h1/parse.ts';
import { HpackDecoder } from '../../src/traffic/h2/hpack.ts';
import { context } from '../expr/context.ts';
import { assertSettled, type World, world } from '../sim/world.ts';
import { bytesOf, readCorpus } from '../traffic/corpus/corpus.ts';
import {
  block,
  END_HEADERS,
  END_STREAM,
  frame,
  GET,
  headers,
  int32,
  PADDED,
  preface,
  settings,
  T,
} from '../traffic/h2/peer.ts';
import { certificates } from './certificates.ts';

/** Something that takes bytes from outside. */
export interface Target {
  readonly name: string;
  readonly corpus: readonly Buffer[];
  /** Words that mean something to it. */
  readonly words: readonly string[];
  /** Takes one input. What it throws is a finding. */
  run(bytes: Buffer): void;
}

const root = join(import.meta.dirname, '../..');
const texts = (pattern: string): Buffer[] =>
  globSync(pattern, { cwd: root })
    .sort()
    .map((path) => readFileSync(join(root, path)));

/** All targets; made once, since some keep a world of their own. */
export async function targets(): Promise<Target[]> {
  return [codec(), config(), edits(), cli(), expressions(), hpack(), await h2(), await exchange(), certificates()];
}

const HTTP_WORDS = [
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Upgrade: x\r\n',
  'Host: a\r\n',
  'Expect: 100-continue\r\n',
  'HTTP/1.0',
  'CONNECT a:1',
  '0\r\n\r\n',
  '5\r\nabcde\r\n',
  '\r\n\r\n',
  ';x=y',
];

function requests(): Buffer[] {
  return readCorpus('requests').flatMap(({ cases }) => cases.map((entry) => bytesOf(entry.send)));
}

function responses(): Buffer[] {
  return readCorpus('responses').flatMap(({ cases }) => cases.map((entry) => bytesOf(entry.send)));
}

/** HTTP/1 heads and bodies. */
/** Strict, and where mistakes are let pass. */
const PARSERS = [parseRequest, parseResponse].flatMap((parse) => [[parse, false] as const, [parse, true] as const]);

function codec(): Target {
  const head = new Head();
  const body = new Body();
  return {
    name: 'codec',
    corpus: [...requests(), ...responses()],
    words: HTTP_WORDS,
    run(bytes) {
      for (const [parse, relaxed] of PARSERS) {
        head.relaxed = relaxed;
        const buf = Buffer.from(bytes);
        const end = parse(head, buf, 0, buf.length, 101);
        ok(end <= buf.length);
        if (end <= 0) continue;
        const out = Buffer.alloc(head.sizeBound());
        const written = head.write(out, 0);
        ok(written <= out.length, 'the head fits');
        const again = Buffer.concat([out.subarray(0, written), Buffer.from('\r\n')]);
        ok(parse(head, again, 0, again.length, 101) === again.length, 'what is sent is right');
        body.begin(head.chunked ? Framing.chunked : Framing.length, Math.max(0, head.contentLength));
        let pos = end;
        while (pos < buf.length && !body.done && !body.failed)
          pos = body.skip(buf, body.feed(buf, pos, buf.length), buf.length);
        ok(pos <= buf.length);
        ok(badChunk(bytes, end, bytes.length) <= bytes.length);
      }
    },
  };
}

/** Configuration files, with all that is compiled of them. */
function config(): Target {
  const corpus = [...texts('examples/**/*.cfg'), ...texts('test/config/cases/*.case')];
  return {
    name: 'config',
    corpus,
    words: [...new Set(corpus.flatMap((text) => text.toString('latin1').match(/[a-z][a-z-]+(?:\.[a-z-]+)*/g) ?? []))],
    run(bytes) {
      // Names of files would be opened.
      const text = bytes.toString('latin1').replaceAll('/', '_');
      const { config, diagnostics } = load({ texts: [{ name: 'fuzz.cfg', text }], env: {} });
      ok(config !== null || diagnostics.some((d) => d.severity === 'alert'), 'a refusal has a reason');
    },
  };
}

/** Edits of configuration files, and their differences. */
function edits(): Target {
  const corpus = [
    ...texts('examples/**/*.cfg'),
    ...texts('test/config/edit/*.case'),
    ...texts('test/config/edit/files/*.cfg'),
    ...texts('test/config/diff/*.case'),
  ];
  return {
    name: 'edits',
    corpus,
    words: [
      'server ',
      'default-server ',
      'server-template ',
      'backend ',
      ' from ',
      '.if ',
      '.endif\n',
      '"$',
      '[*]}"',
      '\\\n',
      ' weight ',
    ],
    run(bytes) {
      const document = parseDocument('fuzz.cfg', bytes.toString('latin1'));
      ok(planChanges([document], [document]).effect === 'none', 'a file differs from itself in nothing');
      const line = document.lines.find(({ words }) => words[0] === 'server' && words.length > 2);
      const section = document
        .sections()
        .findLast(({ start }) => start < (line === undefined ? 0 : document.lines.indexOf(line)));
      const of = { backend: section?.name ?? 'app', server: line?.words[1] ?? 'a' };
      const made: Edit[] = [
        { op: 'server.set', ...of, keyword: 'weight', value: '77' },
        { op: 'server.flag', ...of, keyword: 'disabled', on: true },
        { op: 'server.address', ...of, host: '192.0.2.7', port: '77' },
        { op: 'server.append', ...of, server: 'fuzzed', address: '192.0.2.8:78', words: ['cookie', 'a b'] },
        { op: 'section.disabled', section: { kind: 'backend', name: of.backend }, on: false },
        { op: 'statement.set', section: { kind: 'global', name: '' }, keyword: 'maxconn', values: ['77'] },
      ];
      for (const edit of made) {
        const result = applyEdits([document], [edit]);
        if ('problems' in result) continue;
        const [after] = result.documents;
        const words = JSON.stringify(after!.lines.map((own) => own.words));
        ok(
          JSON.stringify(parseDocument('again', after!.print()).lines.map((own) => own.words)) === words,
          'what is written is read',
        );
        const again = applyEdits([after!], [edit]);
        ok(
          edit.op === 'server.append' ? 'problems' in again : 'lines' in again && again.lines.length === 0,
          'made once is enough',
        );
        planChanges([document], [after!]);
      }
    },
  };
}

/** Lines on the Runtime API's sockets, in pieces. */
function cli(): Target {
  return {
    name: 'cli',
    corpus: [...texts('test/runtime/cases/*.case'), Buffer.from('set map #1 <<END\na b\nEND\nshow stat\\;x;help\n')],
    words: ['show ', 'set server ', ';', '\\;', '<<', '<<END', '\nEND\n', '@1 ', 'prompt', '\\ '],
    run(bytes) {
      const input = new Input();
      const step = 1 + (bytes.length % 97);
      for (let at = 0; at < bytes.length; at += step) {
        input.push(bytes.subarray(at, at + step));
        for (let got = input.line(4096); got.kind !== 'more'; got = input.line(4096)) {
          if (got.kind === 'too-long') return;
          const parts = splitLine(got.value);
          ok(parts.length > 0);
          for (const part of parts) splitWords(part.text);
          const { pattern } = parts.at(-1)!;
          if (pattern !== null && input.payload(pattern, 16_384).kind === 'too-long') return;
        }
      }
      ok(input.length <= bytes.length);
    },
  };
}

/** Sample expressions, log formats, conditions: compiled, and run when they compile. */
function expressions(): Target {
  const golden = texts('test/expr/golden/*.json').flatMap(
    (text) => text.toString('latin1').match(/"(?:[^"\\]|\\.)*"/g) ?? [],
  );
  const corpus = golden
    .map((text) => Buffer.from(JSON.parse(text) as string, 'latin1'))
    .filter((text) => text.length > 2);
  const env = { places: place.frontendHttpRequest | place.backendHttpRequest, proxy: 'be' };
  const { acls } = compileAcls([], env);
  const ctx = context({
    uri: '/a/b?c=d',
    headers: [
      ['host', 'a.example'],
      ['cookie', 'a=b; c=d'],
      ['x', '1, 2, 3'],
    ],
    requestPayload: '{"a":[1,2]}',
  });
  return {
    name: 'expressions',
    corpus,
    words: [
      'req.hdr(x)',
      'path,',
      'lower',
      '%[src]',
      '%{+Q}r',
      '-m reg',
      '-i',
      '{ ',
      ' }',
      ' or ',
      'str(abc),',
      'regsub(a,b,g)',
      'json_query',
      'field(1,:)',
      'map_beg',
      'concat(',
    ],
    run(bytes) {
      const text = bytes.subarray(0, 4096).toString('latin1').replaceAll('/', '_');
      const parsed = compileExpression([text], env);
      if (!isError(parsed)) parsed.compiled.evaluate(ctx);
      const format = compileLogFormat(text, { places: place.logs }, { line: bytes.length % 2 === 0 });
      if (!isError(format)) format.format(ctx);
      const condition = compileCondition(['if', ...text.split(/[ \t]+/).filter((word) => word !== '')], acls, env);
      if (!isError(condition)) condition.test(ctx);
    },
  };
}

/** Header blocks of HTTP/2, several on one table. */
function hpack(): Target {
  return {
    name: 'hpack',
    corpus: [
      '828684410f7777772e6578616d706c652e636f6d828684be58086e6f2d6361636865',
      '828684418cf1e3c2e5f23a6ba0ab90f4ff828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      '3fe1014803333032580770726976617465c1c0bf',
    ].map((text) => Buffer.from(text, 'hex')),
    words: ['\x20', '\x3f\xe1\x1f', '\xbe', '\x40', '\x7f', '\xff', '\x82'],
    run(bytes) {
      const decoder = new HpackDecoder(4096);
      const step = 1 + (bytes.length % 61);
      for (let at = 0; at < bytes.length; at += step) {
        const size = Math.min(step, bytes.length - at);
        let fields = 0;
        const sink = { field: () => void fields++ };
        if (!decoder.decode(bytes, at, at + size, sink)) break;
        ok(fields <= size);
      }
    },
  };
}

const CONFIGURATION = `defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen l
  bind 127.0.0.1:8000
  server s 10.0.0.1:80
`;

/** A thread of which every input meets the same state; `serve` answers what it forwards. */
async function simulated(serve: (world: World) => Buffer): Promise<(bytes: Buffer) => void> {
  const sim = await world(CONFIGURATION, 1, { ...noFaults, split: 0.2 });
  const { network } = sim;
  await network.listen(
    { family: 'inet', host: '10.0.0.1', port: 80, fd: -1, backlog: 0, v6only: false, share: false },
    (conn) => {
      conn.handler = {
        onData: () => void (conn.closed || conn.write(serve(sim), 0, serve(sim).length)),
        onEnd: () => conn.destroy(),
        onDrain() {},
        onError() {},
        onConnect() {},
      };
      conn.start();
    },
  );
  return (bytes) => {
    const conn = network.connect(
      { family: 'inet', host: '127.0.0.1', port: 8000, sourceHost: null, sourcePort: 0 },
      {
        onConnect: () => void conn.writeStable(bytes, 0, bytes.length),
        onData() {},
        onEnd: () => conn.destroy(),
        onDrain() {},
        onError() {},
      },
    );
    network.setTimer(30_000, () => conn.destroy());
    assertSettled(sim);
    sim.lines.length = 0;
    sim.events.length = 0;
  };
}

/** Whole HTTP/2 connections. */
async function h2(): Promise<Target> {
  const post: [string, string][] = [[':method', 'POST'], ...GET.slice(1)];
  const hello = Buffer.concat([preface, settings([4, 1000])]);
  const answer = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nx-t: 1\r\n\r\n');
  const run = await simulated(() => answer);
  return {
    name: 'h2',
    corpus: [
      Buffer.concat([hello, headers(1), headers(3), frame(T.ping, 0, 0, '12345678')]),
      Buffer.concat([
        hello,
        headers(1, post, 0),
        frame(T.data, 0, 1, 'abc'),
        frame(T.data, PADDED | END_STREAM, 1, '\x02ab\0\0'),
        frame(T.rst, 0, 1, int32(8)),
      ]),
      Buffer.concat([
        hello,
        frame(T.headers, END_STREAM, 1, block(GET).subarray(0, 9)),
        frame(T.continuation, END_HEADERS, 1, block(GET).subarray(9)),
      ]),
      Buffer.concat([
        hello,
        headers(1, post, 0),
        headers(1, [['x-t', 'y']]),
        frame(T.window, 0, 0, int32(70_000)),
        settings([4, 5]),
      ]),
      Buffer.concat([
        hello,
        headers(1, [...post, ['content-length', '3']], 0),
        frame(T.data, END_STREAM, 1, 'abc'),
        frame(T.goaway, 0, 0, '\0\0\0\0\0\0\0\0'),
      ]),
    ],
    words: [
      ...[
        headers(1),
        headers(5),
        frame(T.data, 1, 1, 'x'),
        frame(T.rst, 0, 1, int32(8)),
        settings([4, 0]),
        settings([5, 20_000]),
        frame(T.window, 0, 1, int32(9)),
      ].map((bytes) => bytes.toString('latin1')),
      '\0\0\0',
      '\0\0\x01',
    ],
    run,
  };
}

/** Whole HTTP/1 exchanges: the client sends one variation, the server answers with another part of it. */
async function exchange(): Promise<Target> {
  const answers = responses();
  let turn = 0;
  const run = await simulated(() => answers[turn % answers.length]!);
  return {
    name: 'exchange',
    corpus: requests(),
    words: HTTP_WORDS,
    run(bytes) {
      turn++;
      run(bytes);
    },
  };
}
