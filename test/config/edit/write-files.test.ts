/** Files that are made, replaced with another mode, and taken away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { hashOf } from '../../../src/config/edit/source.ts';
import { writeFiles } from '../../../src/config/edit/write.ts';

const options = { backup: 'beside', now: new Date('2026-03-04T05:06:07.890Z') } as const;
const root = process.getuid!() === 0;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-write-files-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const mode = (path: string) => statSync(path).mode & 0o777;
const key = Buffer.from('a key');

it('a file that is made can be read by its owner alone, who is that of its folder', async (t) => {
  const dir = folder(t);
  if (root) chownSync(dir, 65_534, 65_534);
  const file = join(dir, 'new.pem');
  assert.deepEqual(await writeFiles([{ file, hash: null, bytes: key, hidden: true }], options), [
    { file, backup: null },
  ]);
  assert.deepEqual([readFileSync(file, 'latin1'), mode(file)], ['a key', 0o600]);
  assert.equal(statSync(file).uid, root ? 65_534 : process.getuid!());
  const again = await writeFiles([{ file, hash: null, bytes: key }], options);
  assert.match((again as { text: string }).text, /no longer what was read.*nothing was written/);
});

it('a file gets the mode that is wanted, and so does its hidden backup; owner and group stay', async (t) => {
  const file = join(folder(t), 'site.pem');
  writeFileSync(file, 'old key', { mode: 0o644 });
  if (root) chownSync(file, 0, 65_534);
  const { gid } = statSync(file);
  const edit = { file, hash: hashOf(Buffer.from('old key')), bytes: key, mode: 0o600, hidden: true } as const;
  const written = await writeFiles([edit], options);
  const backup = join(file, '..', '.site.pem.bak-20260304T050607Z');
  assert.deepEqual(written, [{ file, backup }]);
  assert.deepEqual([mode(file), mode(backup), statSync(file).gid], [0o600, 0o600, gid]);
  assert.equal(readFileSync(backup, 'latin1'), 'old key');
});

it('a file that is taken away leaves its backup; when another cannot be written it comes back', async (t) => {
  const dir = folder(t);
  const [file, other] = [join(dir, 'gone.pem'), join(dir, 'other.pem')];
  const put = () => writeFileSync(file, 'old key', { mode: 0o600 });
  put();
  const hash = hashOf(Buffer.from('old key'));
  const gone = { file, hash, bytes: null, hidden: true } as const;
  const refused = await writeFiles([gone, { file: other, hash, bytes: key }], options);
  assert.match((refused as { text: string }).text, /nothing was written/);
  assert.deepEqual(readdirSync(dir), ['gone.pem']);
  await writeFiles([gone], options);
  assert.deepEqual(readdirSync(dir), ['.gone.pem.bak-20260304T050607Z']);
});

it('at no time may others read a key that takes the place of one that they could read', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'site.pem');
  writeFileSync(file, 'x', { mode: 0o644 });
  // Looks at the folder again and again, for files with the new key that others may read.
  const watch = `const fs = require('fs'); let seen = 0; process.stdout.write('on');
    for (;;) for (const name of fs.readdirSync(process.argv[1])) try {
      const path = process.argv[1] + '/' + name, stats = fs.statSync(path);
      if (stats.mode & 0o077 && stats.size > 1000) { process.stdout.write(name); process.exit(1); }
    } catch {}`;
  const child = spawn(process.execPath, ['-e', watch, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  await new Promise((resolve) => child.stdout.once('data', resolve));
  let told = '';
  child.stdout.on('data', (piece) => (told += piece));
  for (let n = 0; n < 30; n++) {
    const bytes = Buffer.alloc(2000, n);
    const hash = hashOf(readFileSync(file));
    const written = await writeFiles([{ file, hash, bytes, mode: 0o600 }], { ...options, backup: 'none' });
    assert.ok(!('text' in written), JSON.stringify(written));
  }
  assert.equal(told, '');
});
