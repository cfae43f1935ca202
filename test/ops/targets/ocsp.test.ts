import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { start } from '../../support/program.ts';
import type { Scope } from '../../support/wait.ts';
import { folder, HAPROXY, meta, target } from './support.ts';

const CONFIG = `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend tls
    bind {addr:tls} ssl crt {dir}/site.pem
`;

/** A certificate of an authority of its own, with its key and chain, and a response that says that it is good. */
function signed(scope: Scope): { pem: string; response: Buffer } {
  const dir = folder(scope);
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: dir, stdio: 'ignore' });
  const read = (name: string) => readFileSync(join(dir, name));
  openssl('req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ca -keyout ca.key -out ca.pem');
  openssl('req -newkey rsa:2048 -nodes -subj /CN=site.test -keyout site.key -out site.csr');
  openssl('x509 -req -in site.csr -CA ca.pem -CAkey ca.key -set_serial 5 -days 30 -out site.pem');
  writeFileSync(join(dir, 'index'), 'V\t491231235959Z\t\t05\tunknown\t/CN=site.test\n');
  openssl('ocsp -issuer ca.pem -cert site.pem -reqout request -no_nonce');
  openssl('ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin request -respout response -ndays 1');
  return { pem: ['site.pem', 'site.key', 'ca.pem'].map((name) => read(name)).join(''), response: read('response') };
}

it('a real HAProxy staples the OCSP response that it is given', { skip: !existsSync(HAPROXY) }, async (t) => {
  const { pem, response } = signed(t);
  const run = await start(t, CONFIG, { program: HAPROXY, files: { 'site.pem': pem, 'site.pem.ocsp': '' } });
  const lb = await target(t, run.sock('admin'));
  const stapled = () => {
    const args = ['s_client', '-connect', `127.0.0.1:${run.port('tls')}`, '-status'];
    return execFileSync('openssl', args, { input: '', encoding: 'latin1', stdio: ['pipe', 'pipe', 'ignore'] });
  };
  assert.match(stapled(), /OCSP response: no response sent/);
  const applied = await lb.apply([{ kind: 'ocsp.set', response: response.toString('base64') }], meta());
  assert.ok(applied.ok, applied.outcomes[0]?.text);
  assert.match(stapled(), /OCSP Response Status: successful/);
  const wrong = await lb.apply([{ kind: 'ocsp.set', response: Buffer.from('nonsense').toString('base64') }], meta());
  assert.equal(wrong.ok, false);
  assert.match(wrong.outcomes[0]!.text, /OCSP/);
});
