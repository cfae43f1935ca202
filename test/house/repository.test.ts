import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SLUICE_VERSION } from '../../src/util/version.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));

/** Files of the repository; outside a clone (a copy without history) there is no list of them. */
function tracked(): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
}

test('the version is that of package.json', () => {
  assert.equal(SLUICE_VERSION, manifest.version);
});

test('the scripts that README names are in package.json, the programs and pages that it names are there', () => {
  const readme = read('README.md');
  const scripts = [...readme.matchAll(/npm run (\w+)/g)].map((match) => match[1]!);
  assert.ok(scripts.length > 0);
  for (const script of [...scripts, 'start', 'test'])
    assert.ok(manifest.scripts[script] !== undefined, `npm run ${script}`);
  for (const [, path] of readme.matchAll(/\]\(([\w./-]+)\)|^ {4}(bin\/sluice) /gm)) {
    if (path !== undefined) assert.ok(existsSync(join(root, path)), path);
  }
});

test('links between pages lead somewhere', () => {
  for (const file of tracked().filter((path) => path.endsWith('.md'))) {
    for (const [, target] of read(file).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, file, '..', target!)), `${file}: ${target}`);
    }
  }
});

test('every page is in the list of pages', () => {
  const index = read('docs/README.md');
  const pages = tracked().filter(
    (path) => /^docs\/(walkthroughs\/)?[^/]+\.md$/.test(path) && path !== 'docs/README.md',
  );
  assert.deepEqual(
    pages.filter((path) => !index.includes(`](${path.slice('docs/'.length)})`)),
    [],
  );
});

test('every room of the source says what it owns, on a page', () => {
  const rooms = new Set(tracked().flatMap((path) => /^(src\/[^/]+)\/.*\.ts$/.exec(path)?.[1] ?? []));
  for (const room of rooms) {
    assert.ok(existsSync(join(root, room, 'README.md')), `${room} has no README.md`);
    assert.ok(read(`${room}/README.md`).split('\n').length <= 60, `${room}/README.md is longer than a page`);
  }
});

test('the lock file names no host and has no package that runs a script at installation but the denied ones', () => {
  const lock = JSON.parse(read('package-lock.json'));
  for (const [path, entry] of Object.entries<{ resolved?: string; hasInstallScript?: boolean }>(lock.packages)) {
    assert.equal(entry.resolved, undefined, path);
    if (entry.hasInstallScript && path !== '')
      assert.equal(manifest.allowScripts[path.replace('node_modules/', '')], false, path);
  }
});

test('every dependency is in the table of docs/dependencies.md, with its reason', () => {
  const page = read('docs/dependencies.md');
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    for (const name of Object.keys(manifest[kind] ?? {})) assert.ok(page.includes(`\`${name}\``), name);
  }
});

test('executable files are executable', () => {
  const modes = execFileSync('git', ['ls-files', '-s', 'bin/sluice', 'scripts/apt.sh', '.ci/run'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.deepEqual(
    modes
      .trim()
      .split('\n')
      .map((line) => line.slice(0, 6)),
    ['100755', '100755', '100755'],
  );
});
