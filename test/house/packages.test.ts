/** What is installed on servers, made and installed as people would: the npm package, the single executable, the Debian package, the container. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildPackage } from '../../scripts/build.ts';
import { makeDebianPackage, makeExecutable } from '../../scripts/package.ts';
import { SCRIPTS } from '../../src/cli/completion/scripts.ts';
import { HAPROXY_VERSION } from '../../src/util/version.ts';
import { get } from '../support/connection.ts';
import { start } from '../support/program.ts';

const config = `
  defaults
      mode http
      timeout connect 5s
      timeout client 5s
      timeout server 5s
  frontend web
      bind {addr:web}
      http-request return status 200
`;

const root = process.getuid!() === 0;
const debian = spawnSync('dpkg', ['--version']).status === 0;

describe('packages', () => {
  let folder: string;
  let npmPackage: string;
  let executable: string;

  before(async () => {
    process.chdir(join(import.meta.dirname, '../..'));
    folder = mkdtempSync(join(tmpdir(), 'sluice-packages-'));
    npmPackage = join(folder, 'package');
    executable = join(folder, 'sluice');
    await buildPackage(npmPackage);
    makeExecutable(npmPackage, executable);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('the npm package needs no other package and serves under a Node.js of the PATH', async (t) => {
    const manifest = JSON.parse(readFileSync(join(npmPackage, 'package.json'), 'utf8'));
    assert.deepEqual(
      [manifest.dependencies, manifest.devDependencies, manifest.engines.node],
      [undefined, undefined, '>=26.1'],
    );
    const path = join(folder, 'path');
    mkdirSync(path);
    symlinkSync(process.execPath, join(path, 'node'));
    const run = await start(t, config, {
      program: join(npmPackage, manifest.bin.sluice),
      env: { PATH: `${path}:/usr/bin:/bin` },
    });
    assert.equal((await get(run.port('web'))).status, 200);
    assert.ok(existsSync(join(npmPackage, 'NOTICES')));
  });

  test('the single executable serves, alone in a folder', async (t) => {
    const run = await start(t, config, { program: executable, env: { PATH: '/nonexistent' } });
    assert.equal((await get(run.port('web'))).status, 200);
  });

  test('the Debian package installs into a fresh root', { skip: !(root && debian) && 'needs root and dpkg' }, () => {
    const fresh = join(folder, 'root');
    for (const path of ['etc', 'var/lib/dpkg/info', 'var/lib/dpkg/updates', 'run', 'var/log'])
      mkdirSync(join(fresh, path), { recursive: true });
    for (const path of ['etc/passwd', 'etc/group', 'etc/shadow', 'etc/gshadow', 'var/lib/dpkg/status'])
      writeFileSync(join(fresh, path), '');
    const deb = makeDebianPackage(npmPackage, folder);
    const dpkg = (...args: string[]) =>
      execFileSync('dpkg', [`--root=${fresh}`, '--force-script-chrootless', '--force-depends', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    dpkg('--install', deb);
    assert.equal(lstatSync(join(fresh, 'usr/bin/sluice')).isSymbolicLink(), true);
    assert.match(readFileSync(join(fresh, 'etc/passwd'), 'utf8'), /^sluice:.*:\/usr\/sbin\/nologin$/m);
    assert.match(readFileSync(join(fresh, 'etc/group'), 'utf8'), /^sluice:/m);
    const program = join(fresh, 'usr/lib/sluice/bin/sluice');
    assert.match(
      execFileSync(program, ['-v'], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } }),
      new RegExp(`^HAProxy version ${HAPROXY_VERSION}`),
    );
    checkUnit(join(fresh, 'usr/lib/systemd/system/sluice.service'));
    for (const [path, shell] of [
      ['bash-completion/completions/sluice', 'bash'],
      ['zsh/vendor-completions/_sluice', 'zsh'],
      ['fish/vendor_completions.d/sluice.fish', 'fish'],
    ] as const)
      assert.equal(readFileSync(join(fresh, 'usr/share', path), 'utf8'), SCRIPTS[shell]);
    const page = spawnSync('man', ['--warnings', '-l', join(fresh, 'usr/share/man/man1/sluice.1.gz')], {
      encoding: 'utf8',
      env: { ...process.env, MANPAGER: 'cat' },
    });
    if (page.error === undefined) {
      assert.equal(page.stderr, '');
      assert.match(page.stdout, /SIGUSR2, SIGHUP/);
    }
    dpkg('--purge', 'sluice');
    assert.equal(existsSync(join(fresh, 'etc/sluice')), false);
  });

  test("the container's steps build a root in which the program starts", { skip: !root && 'needs root' }, () => {
    const image = join(folder, 'image');
    layBase(image);
    for (const [instruction, rest] of steps(readFileSync('packaging/container/Dockerfile', 'utf8'))) {
      if (instruction === 'COPY') {
        const [from, to] = rest.split(' ');
        mkdirSync(join(image, dirname(to!)), { recursive: true });
        copyFileSync(from === 'dist/sluice' ? executable : from!, join(image, to!));
      } else if (instruction === 'RUN' && !rest.includes('apt-get')) {
        const { status, stderr } = spawnSync('/usr/sbin/chroot', [image, '/bin/sh', '-c', rest], {
          encoding: 'utf8',
          env: { PATH: '/usr/local/bin:/bin' },
        });
        assert.equal(status, 0, `${rest}: ${stderr}`);
      }
    }
    const entry = JSON.parse(
      steps(readFileSync('packaging/container/Dockerfile', 'utf8')).find(([name]) => name === 'ENTRYPOINT')![1],
    );
    const { stdout } = spawnSync('/usr/sbin/chroot', [image, '/bin/sh', '-c', `${entry[0]} -v`], {
      encoding: 'utf8',
      env: { PATH: '/usr/local/bin:/bin' },
    });
    assert.match(stdout, new RegExp(`^HAProxy version ${HAPROXY_VERSION}`));
  });
});

/** The unit names programs that the package brings, with flags that they have; systemd's own check is used where it is installed. */
function checkUnit(file: string): void {
  const unit = readFileSync(file, 'utf8');
  assert.match(unit, /^Type=notify$/m);
  assert.match(unit, /^ExecStart=\/usr\/bin\/sluice -Ws /m);
  assert.match(unit, /^ExecReload=\/usr\/bin\/sluice .*-c /m);
  const verify = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  if (verify.error !== undefined) return;
  const complaints = verify.stderr
    .split('\n')
    .filter((line) => line.includes('sluice') && !line.includes('is not executable'));
  assert.deepEqual(complaints, []);
}

/** Instructions of a Dockerfile with their arguments; continued lines joined. */
function steps(text: string): [string, string][] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => [line.split(' ')[0]!, line.slice(line.indexOf(' ') + 1)]);
}

/** What stands for the base image: a shell, two tools, and the libraries that they and Node.js need. */
function layBase(image: string): void {
  const programs = ['/bin/sh', '/bin/mkdir'];
  for (const path of ['bin', 'etc', 'run', 'tmp', 'proc']) mkdirSync(join(image, path), { recursive: true });
  for (const program of programs) copyFileSync(program, join(image, program));
  const needed = [...programs, process.execPath].flatMap((program) =>
    [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!),
  );
  for (const library of new Set(needed)) {
    mkdirSync(join(image, dirname(library)), { recursive: true });
    copyFileSync(library, join(image, library));
  }
}
