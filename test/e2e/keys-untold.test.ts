/** Private keys are told nowhere: not in what is said of files that are malformed, not by commands, pages and the APIs, not to the system. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inSluice } from '../dataplane/support/processes.ts';
import { connect, get } from '../support/connection.ts';
import { issue } from '../support/pki.ts';
import { isHaproxy, runToEnd } from '../support/program.ts';

const site = issue({ name: 'site.test', dns: ['site.test'] });
const rsa = issue({ name: 'rsa.test', type: 'rsa' });
const other = issue({ name: 'other.test' });
const ticketKeys = [1, 2, 3].map((n) => Buffer.alloc(48, `secret${n}`).toString('base64'));

/** The lines of keys, but for those that begin alike in all keys of a kind. */
const secrets = [site, rsa, other].flatMap(({ key }) =>
  key
    .split('\n')
    .slice(1, -2)
    .map((line) => line.slice(-24)),
);

function assertUntold(text: string, where: string): void {
  for (const secret of [...secrets, ...ticketKeys])
    assert.ok(!text.includes(secret), `${where} tells a key:\n${text.slice(0, 3000)}`);
}

const config = (crt: string) => `
global
    stats socket {sock:admin} level admin
    nbthread 1
userlist controller
    user admin insecure-password secret
userlist api
    user admin insecure-password secret
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:web}
    bind {addr:tls} ssl crt {dir}/${crt} tls-ticket-keys {dir}/tickets
    stats enable
    http-request use-service prometheus-exporter if { path /metrics }
    http-request return status 200
`;
const tickets = `${ticketKeys.join('\n')}\n`;
const line = (text: string, at: number, change: (line: string) => string) =>
  text
    .split('\n')
    .map((one, i) => (i === at ? change(one) : one))
    .join('\n');

/** Files that are no certificate with its key. */
const MALFORMED: Readonly<Record<string, string>> = {
  'a key that is cut off': site.certificate + site.key.split('\n').slice(0, -2).join('\n'),
  'a key with bytes that are no base64': site.certificate + line(site.key, 1, (one) => `!!!${one}`),
  'a key with other bytes': rsa.certificate + line(rsa.key, 5, (one) => one.toLowerCase()),
  'a key without its first line': site.certificate + site.key.split('\n').slice(1).join('\n'),
  'a key with another label': site.certificate + site.key.replaceAll('PRIVATE KEY', 'CERTIFICATE'),
  'a key of another certificate': site.certificate + other.key,
  'a key on one line': site.certificate + site.key.replaceAll('\n', ' '),
  'a key alone': site.key,
  'a key in the place of the chain': site.certificate + site.key + rsa.key.replaceAll('PRIVATE KEY', 'CERTIFICATE'),
  'a key that is encrypted': site.certificate + site.key.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'),
};

describe('private keys', { skip: isHaproxy && 'needs Sluice' }, () => {
  test('are not in what is said of files that are malformed, at the start', async () => {
    for (const [what, text] of Object.entries(MALFORMED))
      for (const args of [['-c'], ['-c', '-V']]) {
        const { code, stdout, stderr } = await runToEnd(config('bad'), { files: { bad: text, tickets }, args });
        assert.equal(code, 1, what);
        assertUntold(stdout + stderr, what);
      }
    const odd = `${ticketKeys.join('x\n')}\n`;
    const { stdout, stderr } = await runToEnd(config('good'), {
      files: { good: site.pem, tickets: odd },
      args: ['-c'],
    });
    assertUntold(stdout + stderr, 'ticket keys');
  });

  test('are not in the configuration as the program tells it', async () => {
    for (const args of [
      ['-c', '-dC'],
      ['-c', '-V'],
      ['-c', '-dKall'],
    ]) {
      const { stdout, stderr } = await runToEnd(config('good'), { files: { good: site.pem, tickets }, args });
      assertUntold(stdout + stderr, args.join(' '));
    }
  });

  test('are in no answer of a running process', async (t) => {
    const files = { 'site.pem': site.pem, 'rsa.pem': rsa.pem, tickets };
    const { run, ask } = await inSluice(t, config('site.pem'), { files });
    const path = join(run.dir, 'site.pem');
    for (const [what, text] of Object.entries(MALFORMED)) {
      const told = [await run.cli(`set ssl cert ${path} <<\n${text}\n\n`)];
      told.push(await run.cli(`show ssl cert *${path}`));
      told.push(await run.cli(`commit ssl cert ${path}`), await run.cli(`abort ssl cert ${path}`));
      told.push(await run.cli(`set ssl ca-file ${path} <<\n${text}\n\n`));
      told.push(await run.cli(`set ssl tls-key ${join(run.dir, 'tickets')} ${other.key.split('\n')[1]}`));
      assertUntold(told.join('\n'), what);
    }
    // What shows keys is made for that, and for administrators: those two.
    const shown = [...(await run.cli('help')).matchAll(/^ {2}((?:show|dump|debug) [a-z][a-z -]*[a-z])/gm)].map(
      ([, words]) => words!,
    );
    assert.ok(shown.length > 40);
    for (const command of shown.filter((words) => !/^(dump ssl cert|show tls-keys|show events)/.test(words)))
      for (const subject of ['', path]) assertUntold(await run.cli(`${command} ${subject}`).catch(String), command);
    for (const page of ['/haproxy?stats', '/haproxy?stats;csv', '/metrics'])
      assertUntold((await get(run.port('web'), page)).text, page);
    for (const resource of [
      'storage/ssl_certificates',
      'storage/ssl_certificates/site.pem',
      'runtime/ssl_certs',
      `runtime/ssl_certs/${encodeURIComponent(path)}`,
      'runtime/ssl_crt_lists',
      'configuration/frontends?full_section=true',
      'reloads',
    ])
      assertUntold(JSON.stringify(await ask('GET', resource)), resource);
    run.rewrite(config('bad'));
    assertUntold(await run.cli('reload'), 'reload');
    for (const file of ['cmdline', 'environ', 'status', 'maps'])
      assertUntold(readFileSync(`/proc/${run.pid}/${file}`, 'latin1'), file);
    const client = await connect(t, run.port('tls'));
    client.send('no TLS\r\n\r\n');
    await client.rest({ tolerateReset: true });
    assertUntold(run.stdout + run.stderr, 'stdout and stderr');
  });
});
