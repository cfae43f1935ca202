/** Stored certificates and lines of stored crt-lists, in force in a real HAProxy without a reload. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { issue } from '../support/pki.ts';
import { type Api, besideHaproxy, CONFIG, withoutHaproxy } from './support/processes.ts';

/** The name of the certificate that a client gets who asks for a host. */
function served(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

async function putText({ port }: Api, path: string, text: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v3/services/haproxy/${path}`, {
    method: 'PUT',
    headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'text/plain' },
    body: text,
  });
}

test(
  'lines of a stored crt-list come and go without a reload, and certificates with them',
  withoutHaproxy,
  async (t) => {
    const [a, b, c] = ['a.test', 'b.test', 'c.test'].map((name) => issue({ name }));
    const config = CONFIG.replace(
      '    default_backend app\n',
      '    bind 127.0.0.1:{port:tls} ssl crt-list {dir}/ssl/sites.txt\n    default_backend app\n',
    );
    const files = { 'ssl/sites.txt': '# Ours.\n{dir}/ssl/a.pem\n', 'ssl/a.pem': a!.pem, 'ssl/c.pem': c!.pem };
    const api = await besideHaproxy(t, config, { files });
    const { ask, upload, run } = api;
    const pid = (await run.info())['Pid'];
    const [ssl, tls] = [`${run.dir}/ssl`, run.port('tls')];
    const entries = 'storage/ssl_crt_lists/sites.txt/entries';

    assert.equal((await upload('POST', 'storage/ssl_certificates', 'b.pem', b!.pem))[0], 201);
    assert.match(await run.cli('show ssl cert'), /\/ssl\/b\.pem$/m);
    const entry = { file: `${ssl}/b.pem`, ssl_bind_config: 'alpn h2,http/1.1', sni_filter: ['b.test'] };
    assert.deepEqual((await ask('POST', entries, entry)).slice(0, 2), [201, entry]);
    assert.deepEqual([await served(tls, 'b.test'), await served(tls, 'x.test')], ['b.test', 'a.test']);
    assert.equal((await ask('DELETE', `${entries}?certificate=${ssl}/b.pem&line_number=3`))[0], 204);
    assert.equal(await served(tls, 'b.test'), 'a.test');
    assert.equal(readFileSync(`${ssl}/sites.txt`, 'utf8'), files['ssl/sites.txt'].replace('{dir}', run.dir));
    assert.equal((await ask('DELETE', 'storage/ssl_certificates/b.pem'))[0], 204);
    assert.doesNotMatch(await run.cli('show ssl cert'), /b\.pem/);

    // A certificate that the process has never seen comes with the line that names it.
    const list = `${ssl}/a.pem\n${ssl}/c.pem c.test\n`;
    const put = await putText(api, 'storage/ssl_crt_lists/sites.txt', list);
    assert.deepEqual([put.status, put.headers.get('reload-id')], [200, null]);
    assert.equal(await served(tls, 'c.test'), 'c.test');
    assert.deepEqual((await ask('GET', 'reloads'))[1], []);
    assert.equal((await run.info())['Pid'], pid);

    // Which one is the first is a matter of a reload.
    const other = await putText(api, 'storage/ssl_crt_lists/sites.txt', `${ssl}/c.pem\n${ssl}/a.pem a.test\n`);
    assert.equal(other.status, 202);
    assert.match(other.headers.get('reload-id')!, /-1$/);
  },
);
