/** TLS towards sockets, asked for and not, had and not. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect, InUseError, RefusedError, RuntimeClientError } from '../../src/client/index.ts';
import { tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { programs } from './programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'client-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const openssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate of its own authority for the names, in PEM with its key. */
function certificate(name: string): { file: string; cert: string; key: string } {
  const [key, cert, file] = ['key', 'crt', 'pem'].map((kind) => join(folder, `${name}.${kind}`)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(file, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
  return { file, cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

const code =
  (...wanted: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof RuntimeClientError, String(error));
    assert.ok(wanted.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  };

describe('TLS', { skip: openssl ? false : 'no openssl here' }, () => {
  const { path, skip } = programs.find(({ name }) => name === 'HAProxy')!;

  // HAProxy speaks TLS in front of its stats sockets by a proxy only: 2.6 takes `ssl` on a `stats socket` line, and answers in plain text.
  test('a socket with TLS is spoken to, its certificate and ours are checked', { skip }, async (t) => {
    const [server, mine, other] = [certificate('server'), certificate('client'), certificate('other')];
    writeFileSync(join(folder, 'client-ca.pem'), mine.cert);
    const run = await start(
      t,
      `
      global
          stats socket {sock:admin} level admin
          stats socket {addr:plain} level admin
          stats socket {addr:promise} ssl crt ${server.file} level admin
      defaults
          mode tcp
          timeout connect 1s
          timeout client 5s
          timeout server 5s
      listen tls
          bind {addr:tls} ssl crt ${server.file}
          server api unix@{sock:admin}
      listen both
          bind {addr:both} ssl crt ${server.file} ca-file ${folder}/client-ca.pem verify required
          server api unix@{sock:admin}
\n`,
      { program: path },
    );
    const address = (name: string) => `127.0.0.1:${run.port(name)}`;
    const client = await connect(address('tls'), { tls: { ca: server.cert } });
    assert.equal(client.pid, run.pid);
    assert.equal((await Array.fromAsync(client.stream(['show', 'stat', 'tls', '4', '-1']))).length, 2);
    assert.equal((await client.showEnv('HOME'))['HOME'], process.env['HOME']);
    client.close();
    const named = await connect(address('both'), { tls: { ca: server.cert, cert: mine.cert, key: mine.key } });
    assert.equal(named.pid, run.pid);
    named.close();
    const unchecked = await connect(address('tls'), { tls: { verify: false } });
    unchecked.close();
    await assert.rejects(connect(address('tls'), { tls: { ca: other.cert } }), code('TLS'));
    await assert.rejects(connect(address('tls'), { tls: { ca: server.cert, servername: 'elsewhere' } }), code('TLS'));
    await assert.rejects(
      connect(address('both'), { timeout: 2000, tls: { ca: server.cert } }),
      code('TLS', 'CLOSED', 'ECONNRESET'),
    );
    await assert.rejects(connect(address('tls'), { timeout: 2000 }), code('PROTOCOL', 'CLOSED', 'ECONNRESET'));
    for (const name of ['plain', 'promise'])
      await assert.rejects(connect(address(name), { timeout: 1000, tls: {} }), code('TLS', 'TIMEOUT'));
  });

  test('certificates, crt-lists, authorities and ticket keys are exchanged', { skip }, async (t) => {
    const [first, second, ca] = [certificate('first'), certificate('second'), certificate('ca')];
    const key = (letter: string) => Buffer.from(letter.repeat(48)).toString('base64');
    const run = await start(
      t,
      `
      global
          stats socket {sock:admin} level admin
      defaults
          mode http
          timeout connect 1s
          timeout client 5s
          timeout server 5s
      frontend web
          bind {addr:web} ssl crt-list {dir}/list.txt tls-ticket-keys {dir}/keys.txt
      frontend asking
          bind {addr:asking} ssl crt ${first.file} ca-file ${ca.file.replace('.pem', '.crt')} verify optional
\n`,
      {
        program: path,
        files: {
          'list.txt': `${first.file} [alpn h2] first.test !www.first.test\n${first.file} *.test\n`,
          'keys.txt': `${['a', 'b', 'c'].map(key).join('\n')}\n`,
        },
      },
    );
    const client = await connect(run.sock('admin'));
    t.after(() => client.close());
    const list = `${run.dir}/list.txt`;
    assert.deepEqual([...(await client.showSslCerts()).files.keys()], [first.file]);
    assert.equal((await client.showSslCert(first.file))['Subject'], '/CN=first');
    await client.setSslCert(first.file, `${second.cert}\n\n${second.key}`);
    assert.equal((await client.showSslCerts()).transaction, first.file);
    await client.abortSslCert(first.file);
    await client.setSslCert(first.file, second.cert + second.key);
    await client.commitSslCert(first.file);
    assert.equal((await client.showSslCert(first.file))['Subject'], '/CN=second');
    await client.setSslCert(first.file, first.cert + second.key);
    await assert.rejects(client.commitSslCert(first.file), RefusedError);
    await client.abortSslCert(first.file);

    await client.newSslCert('new.pem');
    await client.setSslCert('new.pem', ca.cert + ca.key);
    await client.commitSslCert('new.pem');
    await client.addSslCrtList(list, { file: 'new.pem' });
    await client.addSslCrtList(list, { line: 'new.pem [verify none] new.test' });
    assert.deepEqual(await client.showSslCrtLists(), [list]);
    assert.deepEqual(
      (await client.showSslCrtList(list)).map(({ file, line, filters }) => [file, line, filters]),
      [
        [first.file, 1, ['first.test', '!www.first.test']],
        [first.file, 2, ['*.test']],
        ['new.pem', 3, []],
        ['new.pem', 4, ['new.test']],
      ],
    );
    await assert.rejects(client.delSslCert('new.pem'), InUseError);
    await assert.rejects(client.delSslCrtList(list, 'new.pem'), RefusedError);
    await client.delSslCrtList(list, 'new.pem', 4);
    await client.delSslCrtList(list, 'new.pem', 3);
    await client.delSslCert('new.pem');

    const [caFile] = [...(await client.showSslCaFiles()).files].find(([file]) => file.endsWith('ca.crt'))!;
    await client.setSslCaFile(caFile, second.cert);
    await client.commitSslCaFile(caFile);
    await assert.rejects(client.delSslCaFile(caFile), InUseError);
    await assert.rejects(client.addSslCaFile(caFile, first.cert), code('EINVAL'));

    const [tickets] = await client.showTlsKeys();
    assert.deepEqual(tickets!.keys, ['a', 'b', 'c'].map(key));
    await client.setTlsKey(tickets!.file, key('d'));
    assert.deepEqual((await client.showTlsKeys())[0]!.keys, ['b', 'c', 'd'].map(key));
    await assert.rejects(client.setTlsKey(tickets!.file, 'aaaa'), RefusedError);
    assert.deepEqual(await client.showSslOcspResponses(), []);
  });

  test('a socket that answers in plain text is told as such', async (t) => {
    const origin = await tcpOrigin(t, async (connection) => {
      await connection.bytes(10);
      connection.send('Unknown command: it is\n> ');
    });
    await assert.rejects(
      connect(`127.0.0.1:${origin.port}`, { timeout: 2000, tls: {} }),
      (error: RuntimeClientError) => {
        assert.match(error.message, /^TLS was asked for, but the socket answers in plain text: 127\.0\.0\.1:/);
        return error.code === 'TLS';
      },
    );
  });
});
