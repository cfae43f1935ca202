/**
 * `npm run package`: what is installed on servers, in dist/: the single executable `sluice` (Node.js's own mechanism), and the Debian
 * package `sluice_VERSION_ARCH.deb` (the compiled package, the Node.js it runs under, and what makes it a service).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SCRIPTS } from '../src/cli/completion/scripts.ts';
import { buildPackage } from './build.ts';
import { bundleWhole } from './bundle.ts';

/** Names of this machine's architecture: for Debian. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Where shells look for the completion of commands. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: 'usr/share/bash-completion/completions/sluice',
  zsh: 'usr/share/zsh/vendor-completions/_sluice',
  fish: 'usr/share/fish/vendor_completions.d/sluice.fish',
};

/** The same as in bin/sluice. */
const engineFlags = [
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  '--disable-warning=ExperimentalWarning',
];

/** Makes the single executable `output` from the bundles of the package at `folder`. */
export function makeExecutable(folder: string, output: string): void {
  const config = `${output}.json`;
  const main = `${output}.main.js`;
  bundleWhole(main);
  writeFileSync(
    config,
    JSON.stringify({
      main,
      mainFormat: 'module',
      output,
      executable: process.execPath,
      execArgv: engineFlags,
      execArgvExtension: 'env',
      disableExperimentalSEAWarning: true,
      assets: {
        'traffic.js': `${folder}/dist/traffic.js`,
        'journal.js': `${folder}/dist/journal.js`,
        'password.js': `${folder}/dist/password.js`,
        'quickstart.cfg': 'examples/quickstart/haproxy.cfg',
      },
    }),
  );
  execFileSync(process.execPath, ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(config);
  rmSync(main);
}

/** Makes the Debian package from the package at `folder`, in the folder `target`. Returns its path. */
export function makeDebianPackage(folder: string, target: string): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const architecture = architectures[process.arch] ?? process.arch;
  const root = `${target}/debian`;
  rmSync(root, { recursive: true, force: true });
  const put = (from: string, to: string, mode = 0o644): void => {
    mkdirSync(dirname(`${root}/${to}`), { recursive: true });
    copyFileSync(from, `${root}/${to}`);
    chmodSync(`${root}/${to}`, mode);
  };
  const program = 'usr/lib/sluice';
  cpSync(`${folder}/dist`, `${root}/${program}/dist`, { recursive: true });
  put(`${folder}/package.json`, `${program}/package.json`);
  put('bin/sluice', `${program}/bin/sluice`, 0o755);
  put(process.execPath, `${program}/libexec/node`, 0o755);
  cpSync('examples', `${root}/${program}/examples`, { recursive: true });
  mkdirSync(`${root}/usr/bin`, { recursive: true });
  symlinkSync('../lib/sluice/bin/sluice', `${root}/usr/bin/sluice`);
  const from = 'packaging/debian';
  put(`${from}/haproxy.cfg`, 'etc/sluice/haproxy.cfg');
  put(`${from}/default`, 'etc/default/sluice');
  put(`${from}/logrotate`, 'etc/logrotate.d/sluice');
  put(`${from}/rsyslog.conf`, 'etc/rsyslog.d/49-sluice.conf');
  put(`${from}/sluice.service`, 'usr/lib/systemd/system/sluice.service');
  put(`${from}/tmpfiles.conf`, 'usr/lib/tmpfiles.d/sluice.conf');
  put('LICENSE', 'usr/share/doc/sluice/copyright');
  put(`${folder}/NOTICES`, 'usr/share/doc/sluice/NOTICES');
  put(join(dirname(process.execPath), '../LICENSE'), 'usr/share/doc/sluice/copyright.node');
  put('README.md', 'usr/share/doc/sluice/README.md');
  compress('CHANGELOG.md', `${root}/usr/share/doc/sluice/changelog.gz`);
  for (const page of ['sluice.1', 'sluice-operations.1'])
    compress(`packaging/man/${page}`, `${root}/usr/share/man/man1/${page}.gz`);
  for (const [shell, place] of Object.entries(COMPLETIONS)) {
    mkdirSync(dirname(`${root}/${place}`), { recursive: true });
    writeFileSync(`${root}/${place}`, SCRIPTS[shell]!, { mode: 0o644 });
  }
  for (const script of ['postinst', 'prerm', 'postrm']) put(`${from}/${script}`, `DEBIAN/${script}`, 0o755);
  writeFileSync(
    `${root}/DEBIAN/conffiles`,
    [
      '/etc/sluice/haproxy.cfg',
      '/etc/default/sluice',
      '/etc/logrotate.d/sluice',
      '/etc/rsyslog.d/49-sluice.conf',
      '',
    ].join('\n'),
  );
  writeFileSync(`${root}/DEBIAN/control`, controlFile(version, architecture, sizeOf(root)));
  const output = `${target}/sluice_${version}_${architecture}.deb`;
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zgzip', '-z1', root, output], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return output;
}

function compress(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, gzipSync(readFileSync(from), { level: 9 }));
}

/** Installed size in KiB. */
function sizeOf(folder: string): number {
  return Number(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }).split('\t')[0]);
}

function controlFile(version: string, architecture: string, size: number): string {
  const { description } = JSON.parse(readFileSync('package.json', 'utf8'));
  return `Package: sluice
Version: ${version}
Architecture: ${architecture}
Maintainer: Sluice developers <sluice@localhost>
Installed-Size: ${size}
Depends: libc6 (>= 2.28), libstdc++6, libatomic1, passwd
Recommends: socat
Suggests: hatop, rsyslog
Section: net
Priority: optional
Description: load balancer that is operated while it runs
 ${description}
`;
}

if (import.meta.main) {
  process.chdir(new URL('..', import.meta.url).pathname);
  await buildPackage('dist/package');
  makeExecutable('dist/package', 'dist/sluice');
  console.log('dist/sluice');
  console.log(makeDebianPackage('dist/package', 'dist'));
}
