import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';

const SETTINGS = `
global
    stats socket {sock:admin} level admin
    nbthread 2
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
`;

const FILES = {
  'agents.acl': '# not wanted\nEvil\n\nBad Bot\n',
  'paths.map': '/a  one\n/a/b two words \n/a again\n',
  'rewrite.map': '^/r/(.*)$ got-\\1\n',
  'nets.map': '10.0.0.0/8 10\n10.1.0.0/16 11\n2001:db8::/32 6\n',
  'more.acl': Array.from({ length: 100 }, (_, i) => `/more/${i}\n`).join(''),
};

const answer = (text: string) => `http-request return status 200 content-type text/plain ${text}`;

const CONFIG = `${SETTINGS}
frontend web
    bind {addr:web}
    acl bad hdr(user-agent) -i -f {dir}/agents.acl
    acl own path_beg -f {dir}/more.acl /x /y
    ${answer('string bad')} if bad
    ${answer('string own')} if own
    ${answer('lf-string')} "%[path,map_beg({dir}/paths.map,none)]|%[path,map_regm({dir}/rewrite.map,-)]|%[url_param(ip),map_ip_int({dir}/nets.map,-1)]"
`;

/** What each of several new connections, which the threads share, is answered: all alike. */
async function ask(port: number, path: string, ...lines: string[]): Promise<string> {
  const answers = await Promise.all(Array.from({ length: 6 }, () => get(port, path, ...lines)));
  const texts = new Set(answers.map(({ text }) => text));
  assert.equal(texts.size, 1, [...texts].join(' and '));
  return [...texts][0]!;
}

test('maps and files of patterns are looked up by all threads', async (t) => {
  const run = await start(t, CONFIG, { files: FILES });
  const port = run.port('web');
  assert.equal(await ask(port, '/a'), 'one|-|');
  assert.equal(await ask(port, '/a/b/c'), 'two words|-|');
  assert.equal(await ask(port, '/r/z?ip=10.1.2.3'), 'none|got-z|11');
  assert.equal(await ask(port, '/?ip=10.2.0.0'), 'none|-|10');
  assert.equal(await ask(port, '/?ip=2001:db8::1'), 'none|-|6');
  assert.equal(await ask(port, '/yes'), 'own');
  assert.equal(await ask(port, '/more/77/z'), 'own');
  assert.equal(await ask(port, '/', 'User-Agent: bad bot'), 'bad');
});

test('a reload reads files that have changed, and takes references that come and go', {
  ...unlessHaproxy26('a reload starts another process'),
}, async (t) => {
  const run = await start(t, CONFIG, { files: FILES });
  const port = run.port('web');
  const reload = async () => assert.match(await run.cli('reload'), /^Success=1\n/);
  writeFileSync(join(run.dir, 'paths.map'), '/a new\n');
  await reload();
  assert.equal(await ask(port, '/a/b'), 'new|-|');
  // Another way of looking it up: the old index would not do.
  run.rewrite(CONFIG.replace('map_beg(', 'map_sub('));
  await reload();
  assert.equal(await ask(port, '/z/a/z'), 'new|-|');
  run.rewrite(CONFIG.replace('path_beg -f {dir}/more.acl /x', 'path_end /z').replace('map_beg(', 'map_sub('));
  await reload();
  assert.equal(await ask(port, '/z/a/z'), 'own');
  assert.equal(await ask(port, '/more/77'), 'none|-|');
  // A file with a mistake: all stays as it was.
  writeFileSync(join(run.dir, 'nets.map'), '10.0.0.0/8 ten\n');
  assert.match(await run.cli('reload'), /^Success=0\n--\n.*unable to parse 'ten' at line 1 of file/s);
  assert.equal(await ask(port, '/z?ip=10.2.0.0'), 'own');
  assert.equal(await ask(port, '/?ip=10.2.0.0'), 'none|-|10');
});
