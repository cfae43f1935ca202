import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { isHaproxy, runToEnd, start } from '../support/program.ts';
import { type Scope, until } from '../support/wait.ts';

const skip = isHaproxy ? 'HAProxy needs a script in Lua for it since 3.3' : false;

/** A mail server that keeps what it is sent; `refuse`: it answers so to every command. */
async function mailServer(t: Scope, refuse: string | null = null): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let data: string | null = null;
    let rest = '';
    socket.write('220-several\r\n220 lines\r\n');
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data === null) {
          if (line === 'DATA') data = '';
          else mails.push(line);
          socket.write(refuse ?? (line === 'DATA' ? '354 go on\r\n' : '250 fine\r\n'));
        } else if (line === '.') {
          mails.push(data);
          data = null;
          socket.write('250 taken\r\n');
        } else data += `${line}\n`;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, mails };
}

const config = `
    global
        stats socket {sock:admin} level admin
    mailers ops
        timeout mail 3s
        mailer first 127.0.0.1:{port:mail}
    defaults
        mode http
        timeout client 5s
        timeout connect 1s
        timeout server 5s
        email-alert from lb@example.net
        email-alert to ops@example.net
        email-alert mailers ops
        email-alert myhostname lb.example.net
    listen web
        bind {addr:web}
        server one 127.0.0.1:1
        server two 127.0.0.1:1
`;

test('a server that goes down is told by mail', { skip }, async (t) => {
  const { port, mails } = await mailServer(t);
  const run = await start(t, config, { ports: { mail: port } });
  await run.cli('set server web/one state maint');
  await run.cli('set server web/two health down');
  const text = await until('a mail', () => mails.find((line) => line.startsWith('From:') && /two/.test(line)));
  assert.deepEqual(mails.slice(0, 3), [
    'EHLO lb.example.net',
    'MAIL FROM:<lb@example.net>',
    'RCPT TO:<ops@example.net>',
  ]);
  assert.match(
    text,
    /^From: lb@example\.net\nTo: ops@example\.net\nDate: .* \+0000\nSubject: \[HAProxy Alert\] Server web\/two is DOWN/,
  );
  assert.match(text, /\n\nServer web\/two is DOWN, changed from CLI\./);
});

test('what a mail server refuses is complained of, and nothing else stops', { skip }, async (t) => {
  const { port } = await mailServer(t, '550 go away\r\n');
  const run = await start(t, config, { ports: { mail: port } });
  await run.cli('set server web/two health down');
  await run.output(/mailer ops\/first: it said 550 go away/);
  assert.match(await run.cli('show servers state'), /web/);
});

test('alerts that lack a part are ignored with a warning, mailers that are not there are an alert', {
  skip,
}, async () => {
  const without = config.replace('email-alert to ops@example.net', '').replaceAll('{port:mail}', '25');
  const warned = await runToEnd(without, { argv: ['-c', '-f', '{config}'] });
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /'email-alert' will be ignored for listen 'web'/);
  const unknown = config
    .replace('mailers ops\n        timeout', 'mailers others\n        timeout')
    .replaceAll('{port:mail}', '25');
  const refused = await runToEnd(unknown, { argv: ['-c', '-f', '{config}'] });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /unable to find mailers 'ops'/);
});
