import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startMasterCli } from '../../src/runtime/master.ts';
import type { RuntimeApi } from '../../src/runtime/server.ts';
import { RUNTIME_VERSION } from '../../src/runtime/version.ts';
import { bind, exchange, startApi, type TestApi } from './support.ts';

interface Case {
  readonly name: string;
  readonly socket: string;
  readonly sent: string;
  readonly expected: string;
}

/** Reads a file of transcripts (cases/README.md). */
function readCases(path: string): Case[] {
  return readFileSync(path, 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const [head = '', expected = ''] = block.split(/^---\n/m);
      const [name = '', ...lines] = head.split('\n');
      const sent = lines.filter((line) => line.startsWith('> ')).map((line) => `${unescape(line.slice(2))}\n`);
      const socket = lines.find((line) => line.startsWith('@ '))?.slice(2) ?? 'admin';
      return { name, socket, sent: sent.join(''), expected: expected.replace(/\\\n$/, '') };
    });
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_all, c: string) => ({ t: '\t', '0': '\0', '\\': '\\' })[c] ?? c);
}

const folder = join(import.meta.dirname, 'cases');

for (const file of readdirSync(folder).filter((name) => name.endsWith('.case'))) {
  describe(`transcripts of ${file}`, () => {
    let api: TestApi;
    let master: Pick<RuntimeApi, 'close'>;
    before(async () => {
      api = await startApi();
      const ring = api.control.rings.get('buf0')!;
      ring.write('first line');
      ring.write('second line');
      master = await startMasterCli(
        api.control,
        [bind({ family: 'unix', path: join(dirname(api.path('admin')), 'master.sock') })],
        api.api.sockets,
      );
    });
    after(async () => {
      await master.close();
      await api.close();
    });
    for (const { name, socket, sent, expected } of readCases(join(folder, file))) {
      it(name, async () => {
        const target = socket === 'tcp' ? api.port : join(dirname(api.path('admin')), `${socket}.sock`);
        const got = await exchange(target, sent, socket === 'master');
        assert.equal(mask(got, api), expected);
      });
    }
  });
}

/** Puts the names of what varies in its place. */
function mask(text: string, api: TestApi): string {
  return text
    .replaceAll(RUNTIME_VERSION, 'VERSION')
    .replaceAll(dirname(api.path('admin')), 'FOLDER')
    .replaceAll(`:${api.port} `, ':PORT ')
    .replace(/^(\d+ \S+ \d+ \S+ \S+ \d \d+ \d+ \d+) \d+ /gm, '$1 AGE ')
    .replace(/^(\d+) [0-9a-f]{6} (\d+) [0-9a-f]{6} [0-9a-f]{6} /gm, '$1 HASH $2 HASH HASH ')
    .replace(
      new RegExp(`^${process.pid}( +)(master|worker)`, 'gm'),
      (_all, blanks: string, type: string) => `PID${' '.repeat(String(process.pid).length + blanks.length - 3)}${type}`,
    )
    .replaceAll(`${process.pid}> `, 'PID> ')
    .replace(/\[\d+:\d\d:\d\d:\d\d\]> /g, '[UPTIME]> ')
    .replace(/\b\d+d\d\dh\d\dm\d\ds {5}/g, 'AGE     ');
}
