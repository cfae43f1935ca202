import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { type Run, start, unlessHaproxy26 } from '../support/program.ts';

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

/** Plays lines `> command` and what is answered to each; pointers are written 0xN. */
async function transcript(run: Run, text: string): Promise<void> {
  for (const part of text.trim().split(/^> /m).slice(1)) {
    const [command = '', ...lines] = part.split('\n');
    const answer = await run.cli(`${command.replaceAll('{dir}', run.dir).replaceAll('\\n', '\n')}\n`);
    const shown = answer.replaceAll(run.dir, '{dir}').replace(/0x[0-9a-f]+/g, '0xN');
    assert.equal(shown.trimEnd(), lines.join('\n').trimEnd(), command);
  }
}

const unlessOld = unlessHaproxy26('lists ACLs of its own, and deletes all entries of a key');

test('maps and ACLs are edited live, in all threads at once', unlessOld, async (t) => {
  const run = await start(t, CONFIG, { files: FILES });
  const port = run.port('web');
  await transcript(
    run,
    `
> show map
# id (file) description
4 ({dir}/paths.map) pattern loaded from file '{dir}/paths.map' used by map at file '{dir}/haproxy.cfg' line 17. curr_ver=0 next_ver=0 entry_cnt=3
5 ({dir}/rewrite.map) pattern loaded from file '{dir}/rewrite.map' used by map at file '{dir}/haproxy.cfg' line 17. curr_ver=0 next_ver=0 entry_cnt=1
6 ({dir}/nets.map) pattern loaded from file '{dir}/nets.map' used by map at file '{dir}/haproxy.cfg' line 17. curr_ver=0 next_ver=0 entry_cnt=3
> show map #4
0xN /a one
0xN /a/b two words
0xN /a again
> get map #4 /a/x
type=beg, case=sensitive, found=yes, idx=tree, key="/a", value="one", type="str"
> get map {dir}/nets.map 10.1.2.3
type=ip, case=sensitive, found=yes, idx=tree, key="10.1.0.0/16", value="11", type="sint"
> get acl {dir}/agents.acl EVIL
type=str, case=insensitive, match=yes, idx=list, pattern="Evil"
> add map #4 /a/b/c three
> set map #4 /a other
> show map #4
0xN /a other
0xN /a/b two words
0xN /a other
0xN /a/b/c three
> add map #4 <<\\n/d 4\\n/e\\n/f 6\\n
Missing value for key '/e'.
> del map #4 /a
> del map #4 /none
Key not found.
> add acl #3 /z
> add acl {dir}/agents.acl Robot
`,
  );
  assert.equal(await ask(port, '/a/b/c'), 'three|-|');
  assert.equal(await ask(port, '/d'), '4|-|');
  assert.equal(await ask(port, '/f'), 'none|-|');
  assert.equal(await ask(port, '/a'), 'none|-|');
  assert.equal(await ask(port, '/zz'), 'own');
  assert.equal(await ask(port, '/', 'User-Agent: ROBOT'), 'bad');
  await transcript(
    run,
    `
> prepare map #4
New version created: 1
> add map @1 #4 <<\\n/new yes\\n
> show map @1 #4
0xN /new yes
`,
  );
  assert.equal(await ask(port, '/d'), '4|-|');
  await transcript(run, '\n> commit map @1 #4\n');
  assert.equal(await ask(port, '/d'), 'none|-|');
  assert.equal(await ask(port, '/new'), 'yes|-|');
  await transcript(run, '\n> clear acl #3\n');
  assert.equal(await ask(port, '/zz'), 'none|-|');
  // A reload leaves what was edited where the file is as before, and says what it overrules.
  await run.cli('add map #6 192.0.2.0/24 19');
  assert.match(await run.cli('reload'), /^Success=1\n/);
  assert.equal(await ask(port, '/?ip=192.0.2.1'), 'none|-|19');
  writeFileSync(join(run.dir, 'nets.map'), '10.0.0.0/8 99\n');
  assert.match(await run.cli('reload'), /nets\.map' was edited live, and the configuration has changed it/);
  assert.equal(await ask(port, '/?ip=10.1.0.1'), 'none|-|99');
});
