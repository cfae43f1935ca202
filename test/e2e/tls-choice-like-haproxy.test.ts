/** What is agreed on with clients is the same as on the installed HAProxy, as openssl tells it: the same lines, the same clients, both asked. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Issued, issue } from '../support/certificates.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { patience } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const lacks = spawnSync('openssl', ['version']).error !== undefined;
const skip = isHaproxy || lacks || !existsSync(HAPROXY) ? 'needs Sluice, HAProxy and openssl' : false;

const pem = ({ cert, key }: Issued) => cert + key;
const folder = mkdtempSync(join(tmpdir(), 'sluice-beside-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};

const authority = issue(['Test authority'], { ca: true });
const user = file('user.pem', pem(issue(['user.test'], { by: authority })));
const stranger = file('stranger.pem', pem(issue(['stranger.test'])));
const AGES = 'ciphers ALL:@SECLEVEL=0';

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 5s
frontend fe
    bind {addr:usual} ssl crt {dir}/rsa.pem alpn h2,http/1.1
    bind {addr:ages} ssl crt {dir}/rsa.pem ssl-min-ver TLSv1.0 ${AGES}
    bind {addr:old} ssl crt {dir}/rsa.pem ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ${AGES}
    bind {addr:twelve} ssl crt {dir}/rsa.pem force-tlsv12
    bind {addr:thirteen} ssl crt {dir}/rsa.pem no-tlsv10 no-tlsv11 no-tlsv12
    bind {addr:suites} ssl crt {dir}/rsa.pem ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256 ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256
    bind {addr:theirs} ssl crt {dir}/rsa.pem prefer-client-ciphers ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256
    bind {addr:curves} ssl crt {dir}/rsa.pem curves P-384:P-256
    bind {addr:ecdhe} ssl crt {dir}/rsa.pem ecdhe secp384r1
    bind {addr:ticketless} ssl crt {dir}/rsa.pem no-tls-tickets
    bind {addr:ecdsa} ssl crt {dir}/ecdsa.pem
    bind {addr:both} ssl crt {dir}/both.pem
    bind {addr:strict} ssl crt {dir}/rsa.pem strict-sni
    bind {addr:optional} ssl crt {dir}/rsa.pem ca-file {dir}/ca.pem verify optional
    bind {addr:required} ssl crt {dir}/rsa.pem ca-file {dir}/ca.pem verify required
    bind {addr:protocols} ssl crt {dir}/rsa.pem alpn http/1.1,h2
    http-request return status 200
`;
const files = {
  'rsa.pem': pem(issue(['rsa.test'], { type: 'rsa' })),
  'ecdsa.pem': pem(issue(['ecdsa.test'])),
  'both.pem.rsa': pem(issue(['both.test'], { type: 'rsa' })),
  'both.pem.ecdsa': pem(issue(['both.test'])),
  'ca.pem': authority.cert,
};

/** What of openssl's account says how the two came to terms. */
const TOLD = [
  /^subject=.*$/m,
  /^(New|Reused), .*$/m,
  /^ *Protocol *: .*$/m,
  /^Server Temp Key: .*$/m,
  /^Peer signing digest: .*$/m,
  /^Peer signature type: .*$/m,
  /^Server public key is .*$/m,
  /^Secure Renegotiation .*$/m,
  /^Compression: .*$/m,
  /^(No )?ALPN .*$/m,
  /^Early data .*$/m,
  /^(Acceptable|No) client certificate .*$/m,
  /^Client Certificate Types: .*$/m,
  /TLS session ticket lifetime hint: /m,
  /^ *Extended master secret: .*$/m,
  /alert [a-z ]+|no protocols available|no ciphers available|wrong version number/m,
  /^HTTP\/1\.1 \d+/m,
];

/** Runs openssl s_client, types `lines` one after the other, and tells what came of it: with -ign_eof when the other side ends it. */
async function account(port: number, args: readonly string[], lines: readonly string[]): Promise<string[]> {
  const text = await new Promise<string>((resolve) => {
    const all = ['s_client', '-connect', `127.0.0.1:${port}`, ...args];
    const child = execFile('openssl', all, { timeout: patience, encoding: 'latin1' }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
    child.stdin?.on('error', () => undefined);
    for (const [i, line] of lines.entries()) setTimeout(() => child.stdin?.write(line), i * 300);
    if (!args.includes('-ign_eof')) setTimeout(() => child.stdin?.end(), 3000);
  });
  return TOLD.flatMap((pattern) => pattern.exec(text)?.[0]?.trim() ?? []);
}

const OLD = ['-cipher', 'ALL:@SECLEVEL=0'];
const VERSIONS = [['-tls1', ...OLD], ['-tls1_1', ...OLD], ['-tls1_2'], ['-tls1_3'], []];
const GROUPS = ['X25519', 'P-256', 'P-384', 'P-521', 'X448', 'P-521:P-384', 'X25519:P-256'];
const SUITES_12 = [
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
  'AES128-GCM-SHA256',
  'AES256-SHA',
  'CAMELLIA128-SHA',
  'PSK-AES128-CBC-SHA',
  'aNULL',
  'eNULL',
].map((suite) => `${suite}:@SECLEVEL=0`);
const SUITES_13 = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
];
const SIGNATURES = ['RSA+SHA256', 'RSA-PSS+SHA256', 'ECDSA+SHA256', 'RSA-PSS+SHA256:ECDSA+SHA384', 'RSA+SHA1'];
/** So many clients ask at the same time. */
const AT_ONCE = 8;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** By name: the listeners that are asked, and the clients that ask. */
const CLIENTS: Readonly<Record<string, readonly [listeners: string, clients: readonly (readonly string[])[]]>> = {
  versions: ['usual ages old twelve thirteen', VERSIONS],
  'a version below what it could speak': [
    'usual ages',
    [
      ['-fallback_scsv', '-no_tls1_3'],
      ['-fallback_scsv', '-tls1_1', ...OLD],
    ],
  ],
  'cipher suites of TLS 1.2': ['usual', SUITES_12.map((list) => ['-tls1_2', '-cipher', list])],
  // One of those of the line, both in the other order, and none of them.
  'the order of cipher suites': [
    'suites theirs',
    [SUITES_12[0]!, SUITES_12[1]!, SUITES_12[3]!].map((list) => ['-tls1_2', '-cipher', list]),
  ],
  'cipher suites for another type of key': [
    'ecdsa',
    [SUITES_12[0]!, SUITES_12[2]!, SUITES_12[5]!].map((list) => ['-tls1_2', '-cipher', list]),
  ],
  'cipher suites of TLS 1.3': ['usual suites', SUITES_13.map((list) => ['-tls1_3', '-ciphersuites', list])],
  'groups of an older word': ['ecdhe', GROUPS.slice(0, 3).map((list) => ['-tls1_2', '-curves', list])],
  groups: [
    'curves',
    GROUPS.flatMap((list) => [
      ['-tls1_2', '-curves', list],
      ['-tls1_3', '-curves', list],
    ]),
  ],
  'a bundle': [
    'both',
    [...SUITES_12, ...SIGNATURES.filter((list) => !list.includes('PSS'))].map((list) => [
      '-servername',
      'both.test',
      '-tls1_2',
      list.includes('+') ? '-sigalgs' : '-cipher',
      list,
    ]),
  ],
  'signature algorithms': [
    'usual',
    SIGNATURES.flatMap((list) => [
      ['-tls1_2', '-sigalgs', list],
      ['-tls1_3', '-sigalgs', list],
    ]),
  ],
  protocols: [
    'usual protocols',
    [['-alpn', 'h2'], ['-alpn', 'http/1.1,h2'], ['-alpn', 'unknown'], ['-alpn', 'unknown,http/1.1'], []],
  ],
  names: [
    'strict usual',
    [['-servername', 'rsa.test'], ['-servername', 'RSA.TEST'], ['-servername', 'else.test'], ['-noservername']],
  ],
  tickets: ['usual ticketless', [['-tls1_2'], ['-tls1_2', '-no_ticket'], ['-tls1_3', '-no_ticket']]],
  compression: [
    'usual',
    [
      ['-tls1_2', '-comp'],
      ['-tls1_2', '-legacy_renegotiation'],
    ],
  ],
  'certificates of clients': [
    'optional required',
    [['-tls1_2'], ['-tls1_2', '-cert', user, '-key', user], ['-tls1_3', '-cert', user, '-key', user]],
  ],
};

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const runs = [
    await start({ after }, CONFIG, { files }),
    await start({ after }, CONFIG, { files, program: HAPROXY }),
  ] as const;
  const both = (ask: (run: Run) => Promise<string[]>) => Promise.all([ask(runs[0]), ask(runs[1])]);

  for (const [name, [listeners, clients]] of Object.entries(CLIENTS))
    test(name, async () => {
      const asked = listeners.split(' ').flatMap((listener) => clients.map((args) => [listener, args] as const));
      const compare = async ([listener, args]: (typeof asked)[number]) => {
        const [ours, theirs] = await both((run) => account(run.port(listener), ['-ign_eof', ...args], [REQUEST]));
        assert.ok(theirs.length > 0);
        assert.deepEqual(ours, theirs, `${listener}: ${args.join(' ')}`);
      };
      for (let at = 0; at < asked.length; at += AT_ONCE) await Promise.all(asked.slice(at, at + AT_ONCE).map(compare));
    });

  test('a certificate that is not accepted', async () => {
    for (const version of ['-tls1_2', '-tls1_3'])
      for (const listener of ['optional', 'required']) {
        const args = ['-ign_eof', version, '-cert', stranger, '-key', stranger];
        const answers = await both((run) => account(run.port(listener), args, [REQUEST]));
        // Ours ends the connection after the handshake, HAProxy within it: nobody gets an answer.
        for (const told of answers) assert.ok(!told.some((line) => line.startsWith('HTTP/')), told.join('\n'));
      }
  });

  test('a second handshake', async () => {
    const [ours, theirs] = await both((run) => account(run.port('usual'), ['-tls1_2'], ['R\n', REQUEST]));
    assert.ok(!theirs.some((line) => line.startsWith('HTTP/')));
    assert.deepEqual(ours, theirs);
  });

  test('sessions, and requests in early data', async () => {
    for (const listener of ['usual', 'ticketless', 'twelve']) {
      const [ours, theirs] = await both(async (run) => {
        const session = join(folder, `session-${run.port(listener)}`);
        const first = await account(run.port(listener), ['-ign_eof', '-sess_out', session], [REQUEST]);
        const again = await account(run.port(listener), ['-ign_eof', '-sess_in', session], [REQUEST]);
        const early = ['-ign_eof', '-sess_in', session, '-early_data', file('early', REQUEST)];
        return [...first, ...again, ...(await account(run.port(listener), early, [REQUEST]))];
      });
      assert.deepEqual(ours, theirs, listener);
    }
  });
});
