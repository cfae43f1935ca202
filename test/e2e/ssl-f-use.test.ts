/** `ssl-f-use`: certificates of all bind lines of a section, each with its options; at start, live and after a reload. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { operate } from '../ops/support.ts';
import { issue } from '../support/certificates.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { connectTls } from '../support/tls.ts';

const NOT_YET = unlessHaproxy26('does not know ssl-f-use');
const names = ['own', 'a', 'b', 'c'] as const;
const made = Object.fromEntries([...names.map((name) => [name, issue([`${name}.test`])]), ['twin', issue(['c.test'])]]);
const pem = (name: string) => made[name]!.cert + made[name]!.key;

const config = (uses: string) => `
global
    nbthread 2
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:first} ssl crt {dir}/own.pem
    bind {addr:second} ssl
    bind {addr:clear}
    ${uses}
    http-request return status 200
`;
const BOTH =
  'ssl-f-use crt {dir}/a.pem\n    ssl-f-use crt {dir}/b.crt key {dir}/b.key ssl-max-ver TLSv1.2 alpn http/1.1';

describe('certificates of a section', NOT_YET, async () => {
  if (NOT_YET.skip !== false) return;
  const run = await start({ after }, config(BOTH), {
    files: {
      'own.pem': pem('own'),
      'a.pem': pem('a'),
      'b.crt': made['b']!.cert,
      'b.key': made['b']!.key,
      'c.pem': pem('c'),
      'twin.pem': pem('twin'),
    },
  });

  test('are shown by all of its ssl lines, with their options', async (t) => {
    const shown = async (port: string, servername: string) => {
      const { socket } = await connectTls(t, run.port(port), { servername, ALPNProtocols: ['h2', 'http/1.1'] });
      return `${socket.getPeerCertificate().subject['CN']} ${socket.getProtocol()} ${socket.alpnProtocol}`;
    };
    for (const port of ['first', 'second']) {
      assert.equal(await shown(port, 'a.test'), 'a.test TLSv1.3 h2');
      assert.equal(await shown(port, 'b.test'), 'b.test TLSv1.2 http/1.1');
    }
    // Where no name fits: the line's own one, else that of the last line, as in HAProxy.
    assert.match(await shown('first', 'else.test'), /^own\.test /);
    assert.match(await shown('second', 'else.test'), /^b\.test /);
  });

  test('are a crt-list for the Runtime API', async (t) => {
    const dir = /(\S+)\/own\.pem/.exec(await run.cli('show ssl cert'))![1]!;
    assert.equal(await run.cli('show ssl crt-list'), '@fe');
    const lines = (await run.cli('show ssl crt-list -n @fe')).replaceAll(dir, 'DIR').replace('\0', '');
    assert.equal(lines, '# @fe\nDIR/b.crt:15 [alpn http/1.1 ssl-max-ver TLSv1.2 key DIR/b.key]\nDIR/a.pem:14');
    await run.cli(`new ssl cert ${dir}/c.pem`);
    await run.cli(`set ssl cert ${dir}/c.pem <<\n${pem('c')}\n`);
    await run.cli(`commit ssl cert ${dir}/c.pem`);
    assert.match(await run.cli(`add ssl crt-list @fe ${dir}/c.pem`), /Success!/);
    const { socket } = await connectTls(t, run.port('second'), { servername: 'c.test' });
    assert.equal(socket.getPeerCertificate().subject['CN'], 'c.test');
    assert.match(await run.cli(`del ssl crt-list @fe ${dir}/c.pem`), /deleted/);
  });

  test('of several for a name the last one is shown, and saved is nothing of them', async (t) => {
    const twice = `${BOTH}\n    ssl-f-use crt {dir}/c.pem\n    ssl-f-use crt {dir}/twin.pem`;
    run.rewrite(config(twice));
    assert.match(await run.cli('reload'), /Success=1/);
    const lines = (await run.cli('show ssl crt-list -n @fe')).split('\n').map((line) => /\/([^/ ]+):/.exec(line)?.[1]);
    assert.deepEqual(lines, [undefined, 'twin.pem', 'c.pem', 'b.crt', 'a.pem']);
    const { socket } = await connectTls(t, run.port('second'), { servername: 'c.test' });
    assert.deepEqual(socket.getPeerX509Certificate()!.toString(), made['twin']!.cert);
    const saved = await operate(run, 'save');
    assert.match(saved.stdout, /nothing is set that the files do not say/);
    await run.cli(`del ssl crt-list @fe ${run.dir}/c.pem`);
    assert.match((await operate(run, 'save')).stdout, /@fe/);
    run.rewrite(config(BOTH));
    assert.match(await run.cli('reload'), /Success=1/);
  });

  test('come and go with a reload', async (t) => {
    const shown = async () =>
      (await connectTls(t, run.port('second'), { servername: 'c.test' })).socket.getPeerCertificate().subject['CN'];
    run.rewrite(config(`${BOTH}\n    ssl-f-use crt {dir}/c.pem`));
    assert.match(await run.cli('reload'), /Success=1/);
    assert.equal(await shown(), 'c.test');
    run.rewrite(config(`${BOTH}\n    ssl-f-use crt {dir}/absent.pem`));
    assert.match(
      await run.cli('reload'),
      /parsing \[\S+:16\] : unable to stat SSL certificate from file '\S+absent\.pem'/,
    );
    assert.equal(await shown(), 'c.test');
    run.rewrite(config('ssl-f-use crt {dir}/a.pem'));
    assert.match(await run.cli('reload'), /Success=1/);
    assert.equal(await shown(), 'a.test');
  });
});
