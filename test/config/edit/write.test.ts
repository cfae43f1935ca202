import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { applyEdits } from '../../../src/config/edit/apply-edits.ts';
import { problemText } from '../../../src/config/edit/edit.ts';
import { readSources, type Source } from '../../../src/config/edit/source.ts';
import { writeSources } from '../../../src/config/edit/write.ts';

const TEXT = 'backend app\n  server a 127.0.0.1:80 # one\n';
const AFTER = 'backend app\n  server a 127.0.0.1:80 weight 5 # one\n';
const now = new Date('2026-03-04T05:06:07.890Z');
const root = process.getuid!() === 0;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-write-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function sourceOf(file: string): Promise<Source> {
  const sources = await readSources([file]);
  if ('text' in sources) assert.fail(sources.text);
  return sources[0]!;
}

/** A file that was read and edited, to be written. */
async function edited(file: string) {
  const source = await sourceOf(file);
  const result = applyEdits(
    [source.document],
    [{ op: 'server.set', backend: 'app', server: 'a', keyword: 'weight', value: '5' }],
  );
  assert.ok('documents' in result);
  return { source, document: result.documents[0]! };
}

function written(t: TestContext, name = 'haproxy.cfg', text = TEXT): { dir: string; file: string } {
  const dir = folder(t);
  const file = join(dir, name);
  writeFileSync(file, text);
  return { dir, file };
}

const options = { backup: 'beside', now } as const;

describe('writing a configuration file', () => {
  it('replaces its content and keeps the old one beside it', async (t) => {
    const { dir, file } = written(t);
    const backup = `${file}.bak-20260304T050607Z`;
    assert.deepEqual(await writeSources([await edited(file)], options), [{ file, backup }]);
    assert.equal(readFileSync(file, 'utf8'), AFTER);
    assert.equal(readFileSync(backup, 'utf8'), TEXT);
    assert.deepEqual(readdirSync(dir).sort(), ['haproxy.cfg', 'haproxy.cfg.bak-20260304T050607Z']);
  });

  it('gives a second backup of the same second another name', async (t) => {
    const { file } = written(t);
    writeFileSync(`${file}.bak-20260304T050607Z`, 'somebody else');
    const backup = `${file}.bak-20260304T050607Z-2`;
    assert.deepEqual(await writeSources([await edited(file)], options), [{ file, backup }]);
    assert.equal(readFileSync(`${file}.bak-20260304T050607Z`, 'utf8'), 'somebody else');
  });

  it('leaves no backup when none is wanted, and does nothing where nothing differs', async (t) => {
    const { dir, file } = written(t);
    const { source } = await edited(file);
    const before = statSync(file).ino;
    assert.deepEqual(await writeSources([{ source, document: source.document }], options), []);
    assert.equal(statSync(file).ino, before);
    await writeSources([await edited(file)], { ...options, backup: 'none' });
    assert.deepEqual(readdirSync(dir), ['haproxy.cfg']);
    assert.equal(readFileSync(file, 'utf8'), AFTER);
  });

  it('is refused when the file is no longer what was read', async (t) => {
    const { dir, file } = written(t);
    const edit = await edited(file);
    writeFileSync(file, `${TEXT}# a colleague\n`);
    assert.deepEqual(await writeSources([edit], options), {
      at: null,
      text: `${file} is no longer what was read: it was changed meanwhile: nothing was written`,
    });
    assert.equal(readFileSync(file, 'utf8'), `${TEXT}# a colleague\n`);
    assert.deepEqual(readdirSync(dir), ['haproxy.cfg']);
  });

  it('keeps mode, owner and group', async (t) => {
    const { file } = written(t);
    chmodSync(file, 0o640);
    if (root) chownSync(file, 12345, 23456);
    const { uid, gid } = statSync(file);
    await writeSources([await edited(file)], options);
    for (const name of [file, `${file}.bak-20260304T050607Z`]) {
      const after = statSync(name);
      assert.deepEqual([after.mode & 0o7777, after.uid, after.gid], [0o640, uid, gid], name);
    }
    assert.equal(readFileSync(file, 'utf8'), AFTER);
  });

  it('writes what a symbolic link points to, beside it, and leaves the link', async (t) => {
    const { dir, file } = written(t);
    mkdirSync(join(dir, 'etc'));
    const link = join(dir, 'etc/link.cfg');
    symlinkSync('../haproxy.cfg', link);
    const edit = await edited(link);
    assert.deepEqual(await writeSources([edit], options), [{ file: link, backup: `${file}.bak-20260304T050607Z` }]);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(readlinkSync(link), '../haproxy.cfg');
    assert.equal(readFileSync(file, 'utf8'), AFTER);
    assert.deepEqual(readdirSync(join(dir, 'etc')), ['link.cfg']);
  });

  it('is refused for a file with hard links and for what is no file', async (t) => {
    const { dir, file } = written(t);
    const edit = await edited(file);
    linkSync(file, join(dir, 'other.cfg'));
    const refused = await writeSources([edit], options);
    assert.ok('text' in refused);
    assert.equal(problemText(refused), `${file} has 2 hard links; writing it would part them: nothing was written`);
    const missing = join(dir, 'missing.cfg');
    assert.deepEqual(await readSources([file, missing]), {
      at: null,
      text: `No such file or directory (${missing}): cannot read it`,
    });
  });

  it('keeps bytes that are not UTF-8, and refuses characters that the file cannot have', async (t) => {
    const { file } = written(t);
    const bytes = Buffer.concat([Buffer.from('# caf'), Buffer.from([0xe9, 0x0a]), Buffer.from(TEXT)]);
    writeFileSync(file, bytes);
    await writeSources([await edited(file)], options);
    assert.deepEqual(readFileSync(file), Buffer.concat([bytes.subarray(0, 7), Buffer.from(AFTER)]));
    const source = await sourceOf(file);
    const document = source.document.spliced(0, 0, ['# €']);
    const refused = await writeSources([{ source, document }], options);
    assert.ok('text' in refused);
    assert.match(
      refused.text,
      /is not UTF-8, and the edit has a character that cannot be written in it: nothing was written$/,
    );
  });

  it('of several files writes all or none', async (t) => {
    const { dir, file } = written(t, 'a.cfg');
    const other = join(dir, 'b.cfg');
    writeFileSync(other, TEXT);
    const edits = [await edited(file), await edited(other)];
    writeFileSync(other, 'changed\n');
    assert.ok('text' in (await writeSources(edits, options)));
    assert.equal(readFileSync(file, 'utf8'), TEXT);
    assert.deepEqual(readdirSync(dir).sort(), ['a.cfg', 'b.cfg']);
    writeFileSync(other, TEXT);
    assert.equal(((await writeSources(edits, options)) as readonly unknown[]).length, 2);
    assert.deepEqual([readFileSync(file, 'utf8'), readFileSync(other, 'utf8')], [AFTER, AFTER]);
  });

  it('puts back what it replaced when a later file cannot be replaced', async (t) => {
    const { dir, file } = written(t, 'a.cfg');
    // The same file under two names: once the first is written, the second is no longer what was read.
    const link = join(dir, 'b.cfg');
    symlinkSync('a.cfg', link);
    const refused = await writeSources([await edited(file), await edited(link)], options);
    assert.deepEqual(refused, {
      at: null,
      text: `${link} is no longer what was read: it was changed meanwhile: nothing was written`,
    });
    assert.equal(readFileSync(file, 'utf8'), TEXT);
    assert.deepEqual(readdirSync(dir).sort(), ['a.cfg', 'b.cfg']);
  });

  const moduleText = (name: string) =>
    JSON.stringify(new URL(`../../../src/config/edit/${name}.ts`, import.meta.url).href);

  /** A process that makes every line of the file a larger one, and what it answered. */
  function grow(
    file: string,
    prelude: string,
    account: { uid?: number; gid?: number } = {},
  ): { status: number | null; text: string } {
    const script = `
      import { readSources } from ${moduleText('source')};
      import { writeSources } from ${moduleText('write')};
      const [source] = await readSources([${JSON.stringify(file)}]);
      const document = source.document.spliced(1, 0, Array.from({ length: 20000 }, (_, i) => '# line ' + i));
      console.log(JSON.stringify(await writeSources([{ source, document }], { backup: 'beside', now: new Date(0) })));`;
    const { status, stdout, stderr } = spawnSync(
      '/bin/sh',
      ['-c', `${prelude}; exec "$0" --input-type=module -e "$1"`, process.execPath, script],
      { encoding: 'utf8', ...account },
    );
    return { status, text: stdout === '' ? stderr : (JSON.parse(stdout) as { text: string }).text };
  }

  it('leaves the old file and nothing else when a file may not grow so large', (t) => {
    const { dir, file } = written(t);
    const { text } = grow(file, "trap '' XFSZ; ulimit -f 100");
    assert.equal(text, 'File too large: nothing was written');
    assert.equal(readFileSync(file, 'utf8'), TEXT);
    assert.deepEqual(readdirSync(dir), ['haproxy.cfg']);
  });

  it('leaves the old file and nothing else when the disk is full', (t) => {
    const dir = folder(t);
    if (!root || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'sluice-test', dir]).status !== 0)
      return t.skip('no small file system can be made here');
    try {
      const file = join(dir, 'haproxy.cfg');
      writeFileSync(file, TEXT);
      const { text } = grow(file, ':');
      assert.equal(text, 'No space left on device: nothing was written');
      assert.equal(readFileSync(file, 'utf8'), TEXT);
      return assert.deepEqual(readdirSync(dir), ['haproxy.cfg']);
    } finally {
      spawnSync('umount', [dir]);
    }
  });

  describe('by an account that may not', {
    skip: canBecomeNobody() ? false : 'only root can become another account',
  }, () => {
    const nobody = { uid: 65534, gid: 65534 };

    it('says where it may not write', (t) => {
      const { dir, file } = written(t);
      chmodSync(dir, 0o755);
      chmodSync(file, 0o666);
      const { text } = grow(file, ':', nobody);
      assert.equal(text, `Permission denied (${file}.bak-19700101T000000Z): nothing was written`);
      assert.equal(readFileSync(file, 'utf8'), TEXT);
      assert.deepEqual(readdirSync(dir), ['haproxy.cfg']);
    });

    it('leaves a file alone that it could not give back to its owner', (t) => {
      const { dir, file } = written(t);
      chmodSync(dir, 0o777);
      chmodSync(file, 0o644);
      const { text } = grow(file, ':', nobody);
      assert.match(
        text,
        /^Operation not permitted.*: .* cannot be given the owner 0:0 of the file: nothing was written$/,
      );
      assert.equal(readFileSync(file, 'utf8'), TEXT);
      assert.deepEqual(readdirSync(dir), ['haproxy.cfg']);
    });
  });
});

/** Whether this process can start one of the account `nobody` that can run Node.js on this checkout. */
function canBecomeNobody(): boolean {
  const module = new URL('../../../src/config/edit/edit.ts', import.meta.url).pathname;
  return root && spawnSync(process.execPath, [module], { uid: 65534, gid: 65534 }).status === 0;
}

it('files and folders are read as with -f, with the names and texts of the files', async (t) => {
  const { dir, file } = written(t, 'single.conf');
  const folder = join(dir, 'conf.d');
  mkdirSync(folder);
  for (const name of ['b.cfg', 'a.cfg', '.hidden.cfg', 'a.cfg.bak-20260304T050607Z'])
    writeFileSync(join(folder, name), name);
  const sources = await readSources([file, folder]);
  assert.ok(!('text' in sources));
  assert.deepEqual(
    sources.map(({ document }) => [document.name, document.print()]),
    [
      [file, TEXT],
      [join(folder, 'a.cfg'), 'a.cfg'],
      [join(folder, 'b.cfg'), 'b.cfg'],
    ],
  );
});
