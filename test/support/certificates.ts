import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  readonly type?: 'rsa' | 'ecdsa';
  /** Who signs it; left out: itself. */
  readonly by?: Issued;
  readonly ca?: boolean;
  readonly days?: number;
  readonly serial?: number;
}

let folder: string | null = null;

/** A folder for the files of this process, removed at its end. */
export function tlsFolder(): string {
  if (folder === null) {
    folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
    const made = folder;
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  return folder;
}

/** Has openssl make a certificate for `names` (the first one is its common name). */
export function issue(names: readonly string[], options: IssueOptions = {}): Issued {
  const dir = mkdtempSync(join(tlsFolder(), 'issue-'));
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const type = options.type === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const subject = ['-subj', `/O=Sluice test/CN=${names[0]}`];
  const extensions = options.ca
    ? ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
    : ['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`];
  const serial = String(options.serial ?? Math.floor(Math.random() * 1e9) + 1);
  const days = String(options.days ?? 30);
  const request = ['req', '-newkey', ...type, '-nodes', '-keyout', 'key', ...subject, ...extensions];
  if (options.by === undefined) run(...request, '-x509', '-days', days, '-set_serial', serial, '-out', 'cert');
  else {
    writeFileSync(join(dir, 'ca.cert'), options.by.cert);
    writeFileSync(join(dir, 'ca.key'), options.by.key);
    run(...request, '-out', 'csr');
    const from = ['x509', '-req', '-in', 'csr', '-CA', 'ca.cert', '-CAkey', 'ca.key', '-copy_extensions', 'copyall'];
    run(...from, '-set_serial', serial, '-days', days, '-out', 'cert');
  }
  return { cert: readFileSync(join(dir, 'cert'), 'latin1'), key: readFileSync(join(dir, 'key'), 'latin1') };
}
