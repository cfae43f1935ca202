/** Authorities and revocation lists: the same answers as of the installed HAProxy, but that all that is bad is refused; what was in force stays. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { type Issued, issue, revocationList } from '../support/pki.ts';
import { isHaproxy, type Run, runToEnd, start } from '../support/program.ts';
import { connectTls } from '../support/tls.ts';
import type { Scope } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const ca = issue({ name: 'Test CA', ca: true });
const other = issue({ name: 'Other CA', ca: true });
const site = issue({ name: 'site.test', issuer: ca });
const alice = issue({ name: 'alice', issuer: ca });
const bob = issue({ name: 'bob', issuer: ca });
const crl = revocationList(ca, [bob]);
const lines = (text: string, cut: (all: string[]) => string[]) => cut(text.trim().split('\n')).join('\n');

/** What is sent in the place of certificates or lists. */
const BAD: Readonly<Record<string, string>> = {
  garbage: 'xxx',
  'no certificate': site.key.trim(),
  'no base64': lines(ca.certificate, ([first, ...rest]) => [first!, '!!!!', ...rest]),
  'cut off in the middle': lines(ca.certificate, (all) => [...all.slice(0, 3), all.at(-1)!]),
  'without an end': lines(ca.certificate, (all) => all.slice(0, -1)),
  'without a beginning': lines(ca.certificate, (all) => all.slice(1)),
  'a list that is cut off': lines(crl, (all) => [...all.slice(0, 2), all.at(-1)!]),
  'other bytes in the label of a certificate': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  'other bytes in the label of a list': '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----',
};

/** Whether a client with this certificate gets an answer. */
async function answered(scope: Scope, run: Run, { certificate: cert, key }: Issued): Promise<boolean> {
  try {
    const { connection } = await connectTls(scope, run.port('fe'), { cert, key });
    return (await connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).status === 200;
  } catch {
    return false;
  }
}

const config = (caFile = 'ca.pem', crlFile = 'clients.crl') => `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt {dir}/site.pem ca-file {dir}/${caFile} verify required crl-file {dir}/${crlFile}
    http-request return status 200
`;
const good = { 'site.pem': site.pem, 'ca.pem': ca.certificate, 'clients.crl': crl };

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const runs = [
    await start({ after }, config(), { files: good }),
    await start({ after }, config(), { files: good, program: HAPROXY }),
  ] as const;
  const folderOf = (file: string) => file.slice(0, file.lastIndexOf('/'));
  const folders = await Promise.all(
    runs.map(async (run) => folderOf(/\S+ca\.pem/.exec(await run.cli('show ssl ca-file'))![0])),
  );
  /** A command to both, `DIR` being the folder of each: the answers. */
  const say = (command: string) =>
    Promise.all(
      runs.map(async (run, i) =>
        (await run.cli(command.replaceAll('DIR', folders[i]!))).replaceAll(folders[i]!, 'DIR').trim(),
      ),
    );
  const alike = async (command: string): Promise<string> => {
    const [ours, theirs] = await say(command);
    // HAProxy 2.6 leaves out some of the quotes.
    assert.equal(ours!.replaceAll("'", ''), theirs!.replaceAll("'", ''), command);
    return ours!;
  };

  for (const [kind, file] of [
    ['ca-file', 'DIR/ca.pem'],
    ['crl-file', 'DIR/clients.crl'],
  ] as const)
    for (const [what, text] of Object.entries(BAD))
      test(`set ssl ${kind}: ${what}`, async (t) => {
        // HAProxy puts some of them in force: then nobody is let in, or everybody who was revoked.
        const [ours, theirs] = await say(`set ssl ${kind} ${file} <<\n${text}\n\n`);
        assert.equal(ours, `Invalid payload\nCan't update ${file}!`);
        if (theirs!.startsWith('transaction created'))
          await runs[1].cli(`abort ssl ${kind} ${file.replace('DIR', folders[1]!)}`);
        else assert.equal(ours, theirs);
        await alike(`commit ssl ${kind} ${file}`);
        await alike(`show ssl ${kind} ${file}`);
        assert.equal(await answered(t, runs[0], alice), true);
        assert.equal(await answered(t, runs[0], bob), false);
      });

  test('commands that make no sense', async () => {
    for (const [kind, used] of [
      ['ca-file', 'DIR/ca.pem'],
      ['crl-file', 'DIR/clients.crl'],
    ] as const)
      for (const command of [
        ...['new', 'abort', 'del'].map((word) => `${word} ssl ${kind}`),
        ...['commit', 'abort', 'del', 'show'].map((word) => `${word} ssl ${kind} nope`),
        `show ssl ${kind} *nope`,
        `set ssl ${kind} nope <<\n${ca.certificate}${crl}\n`,
        `new ssl ${kind} fresh.${kind}`,
        `new ssl ${kind} fresh.${kind}`,
        `commit ssl ${kind} fresh.${kind}`,
        `del ssl ${kind} fresh.${kind}`,
        `del ssl ${kind} ${used}`,
      ])
        await alike(command);
  });

  test('what is good is taken, shown and in force', async (t) => {
    await alike(`set ssl crl-file DIR/clients.crl <<\n${revocationList(ca, [alice, bob])}\n`);
    await alike('show ssl crl-file');
    assert.match(await runs[0].cli(`show ssl crl-file *${folders[0]}/clients.crl`), /^Status: Uncommitted$/m);
    await alike('commit ssl crl-file DIR/clients.crl');
    await alike('show ssl crl-file DIR/clients.crl');
    await alike('show ssl crl-file DIR/clients.crl:1');
    await alike('show ssl crl-file DIR/clients.crl:2');
    await alike(`set ssl ca-file DIR/ca.pem <<\n${ca.certificate}${other.certificate}\n`);
    await alike('commit ssl ca-file DIR/ca.pem');
    await alike('show ssl ca-file DIR/ca.pem:2');
    for (const run of runs) assert.equal(await answered(t, run, alice), false);
  });

  for (const kind of ['ca-file', 'crl-file'] as const)
    test(`a start with a bad ${kind}`, async () => {
      for (const [what, text] of Object.entries(BAD)) {
        const names = kind === 'ca-file' ? (['bad', undefined] as const) : ([undefined, 'bad'] as const);
        const ends = await Promise.all(
          [{}, { program: HAPROXY }].map(async (options) => {
            const files = { ...good, bad: `${text}\n` };
            const { code, stderr } = await runToEnd(config(...names), { ...options, files, args: ['-c'] });
            const told = stderr.replace(/\/tmp\/sluice-\w+/g, 'DIR').replace(/127\.0\.0\.1:\d+/g, 'ADDRESS');
            return {
              code,
              alerts: [...told.matchAll(/^\[ALERT\].*config : (.*DIR\/bad.*)$/gm)].map(([, text]) => text),
            };
          }),
        );
        const [ours, theirs] = ends;
        assert.equal(ours!.code, 1, what);
        assert.match(ours!.alerts[0]!, /^Couldn't open the ca-file 'DIR\/bad' \(/, what);
        // The reason may be another one.
        if (theirs!.code === 1) assert.deepEqual(ours!.alerts.slice(1), theirs!.alerts.slice(1), what);
      }
    });
});
