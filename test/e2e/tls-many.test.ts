/** More certificates than contexts are kept of: which of them are ready cannot be told from outside. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { issue } from '../support/certificates.ts';
import { type Issued as Authority, issue as issueCa } from '../support/pki.ts';
import { isHaproxy, start } from '../support/program.ts';
import { connectTls, sClient, type TlsConnection } from '../support/tls.ts';

const MANY = 12;
const names = Array.from({ length: MANY }, (_, i) => `s${i}.test`);
const pem = (name: string) => {
  const { cert, key } = issue([name]);
  return cert + key;
};

/** A program with room for 3 certificates; `files`: PEM texts by name, which all of its lines show. */
const begin = (scope: Parameters<typeof start>[0], files: Readonly<Record<string, string>>) => {
  const crts = Object.keys(files).map((name) => `crt {dir}/${name}`);
  return start(
    scope,
    `
global
    nbthread 1
    ${isHaproxy ? '' : 'tune.ssl.ssl-ctx-cache-size 3'}
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 5s
frontend fe
    bind {addr:one} ssl ${crts.join(' ')}
    bind {addr:other} ssl ${crts.join(' ')} ssl-max-ver TLSv1.2
    http-request return status 200 content-type text/plain lf-string %[ssl_fc_sni]
`,
    { files },
  );
};

const run = await begin({ after }, Object.fromEntries(names.map((name) => [`${name}.pem`, pem(name)])));

const REQUEST = 'GET / HTTP/1.1\nHost: a\n\n';
const shown = ({ socket }: TlsConnection) => socket.getPeerCertificate().subject['CN'];

describe('with room for 3 of 12 certificates', () => {
  test('each name gets its own, over and over, on two lines', async (t) => {
    for (const port of ['one', 'other', 'one'])
      for (const servername of names) {
        const made = await connectTls(t, run.port(port), { servername });
        assert.equal(shown(made), servername);
        assert.equal((await made.connection.exchange(REQUEST)).text, servername);
        made.socket.destroy();
      }
  });

  test('connections go on when what they were made with is let go of', async (t) => {
    const open: TlsConnection[] = [];
    for (const servername of names) open.push(await connectTls(t, run.port('one'), { servername }));
    for (let round = 0; round < 2; round++)
      for (const [i, { connection }] of open.entries())
        assert.equal((await connection.exchange(REQUEST)).text, names[i]);
  });

  test('sessions are resumed with a context that was made again', async (t) => {
    for (const port of ['one', 'other']) {
      const first = await connectTls(t, run.port(port), { servername: 's0.test' });
      await first.connection.exchange(REQUEST);
      const session = first.session()!;
      for (const servername of names) (await connectTls(t, run.port(port), { servername })).socket.destroy();
      const again = await connectTls(t, run.port(port), { servername: 's0.test', session });
      assert.equal(again.socket.isSessionReused(), true);
      assert.equal((await again.connection.exchange(REQUEST)).text, 's0.test');
    }
  });

  test('a certificate that is replaced is shown at once', async (t) => {
    const path = /\S+s5\.test\.pem/.exec(await run.cli('show ssl cert'))![0];
    for (let times = 0; times < 3; times++) {
      const text = pem('s5.test');
      await run.cli(`set ssl cert ${path} <<\n${text}\n`);
      assert.match(await run.cli(`commit ssl cert ${path}`), /Success!/);
      const made = await connectTls(t, run.port('one'), { servername: 's5.test' });
      const { raw } = made.socket.getPeerCertificate();
      assert.ok(text.replaceAll('\n', '').includes(raw.toString('base64')));
    }
  });
});

test('each certificate comes with its own chain, whatever was shown before', async (t) => {
  const root = issueCa({ name: 'Root', ca: true });
  const between = (name: string) => issueCa({ name, ca: true, issuer: root });
  const kinds: readonly (readonly Authority[])[] = [[between('Intermediate 1'), root], [between('Intermediate 2')], []];
  const made = Array.from({ length: 21 }, (_, i) => {
    const name = `c${i}.test`;
    const above = kinds[i % 3]!;
    const issuer = above[0];
    const type = i % 7 === 6 ? 'rsa' : 'ec';
    const leaf = issueCa({ name, dns: [name], type, ...(issuer === undefined ? {} : { issuer }) });
    const chain = above.map((ca) => ca.certificate).join('');
    return { name, above, serial: leaf.serial, pem: leaf.certificate + chain + leaf.key };
  });
  const several = await begin(t, Object.fromEntries(made.map(({ name, pem: text }) => [`${name}.pem`, text])));
  const ofKind = (kind: number) => made.filter((_, i) => i % 3 === kind);
  const asked = [...ofKind(0), ...ofKind(1), ...ofKind(2), ...made, ...ofKind(1).toReversed()];
  const open: (readonly [string, TlsConnection])[] = [];
  for (const { name, serial } of asked) {
    const connected = await connectTls(t, several.port('one'), { servername: name });
    const certificate = connected.socket.getPeerX509Certificate()!;
    assert.deepEqual([certificate.subject, Number.parseInt(certificate.serialNumber, 16)], [`CN=${name}`, serial]);
    open.push([name, connected]);
  }
  // What is sent beside a chain shows nowhere but here.
  for (const { name, above } of [...ofKind(0), ...ofKind(2)]) {
    const said = await sClient(several.port('one'), '-showcerts', '-servername', name);
    const subjects = [...said.matchAll(/^ *\d+ s:.*CN ?= ?(.*)$/gm)].map(([, subject]) => subject);
    assert.deepEqual(subjects, [name, ...above.map((ca) => ca.name)]);
  }
  for (const [name, { connection, socket }] of open) {
    assert.equal((await connection.exchange(REQUEST)).status, 200);
    assert.equal(socket.getPeerCertificate().subject['CN'], name);
  }
});
