import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { issue } from '../support/pki.ts';
import { program, type Run, runToEnd, start } from '../support/program.ts';
import { type Scope, until, within } from '../support/wait.ts';

const authority = issue({ name: 'operators', ca: true });
const strangers = issue({ name: 'strangers', ca: true });
const own = issue({ name: 'lb.test', dns: ['lb.test'] });
const anna = issue({ name: 'anna', issuer: authority });
const eve = issue({ name: 'anna', issuer: strangers });

const config = (options: string) => `
global
    stats socket {sock:admin} level admin
    stats socket ipv4@{addr:control} ssl crt {dir}/own.pem ${options} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen app
    bind {addr:app}
    server app1 127.0.0.1:1
`;
const files = { 'own.pem': own.pem, 'ca.pem': authority.certificate };

/** What a client gets that sends a line; the reason where it is not let in. */
function ask(run: Run, line: string, options: ConnectionOptions = {}): Promise<string> {
  const asked = new Promise<string>((resolve) => {
    let answer = '';
    const socket: TLSSocket = connect({
      port: run.port('control'),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    });
    socket.on('secureConnect', () => socket.write(`${line}\n`));
    socket.on('data', (bytes) => (answer += bytes));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve(answer));
  });
  return within(asked, 'an answer over TLS');
}

const as = ({ certificate: cert, key }: typeof anna): ConnectionOptions => ({ cert, key });

function begin(scope: Scope, options: string, more: string[] = []): Promise<Run> {
  return start(scope, config(options), { files, args: more });
}

suite('a control socket with TLS', () => {
  test('lets in who has a certificate of the authority, and the journal has the name in it', async (t) => {
    const run = await begin(t, 'ca-file {dir}/ca.pem verify required', ['--state-dir', '{dir}/state']);
    assert.equal(await ask(run, 'set server app/app1 weight 50%', as(anna)), '\n');
    assert.match(await ask(run, 'show servers state app', as(anna)), /app1/);
    const { stdout } = spawnSync(program, ['audit', 'list', '--state-dir', join(run.dir, 'state')], {
      encoding: 'utf8',
    });
    assert.match(stdout, / anna weight app\/app1: /);
    for (const options of [{}, as(eve)]) assert.match(await ask(run, 'show info', options), /^(ERR_SSL|ECONNRESET|$)/);
    assert.match(await run.cli('show info'), /^Name: /, 'the others go on');
  });

  test('is a target of operations', async (t) => {
    const run = await begin(t, 'ca-file {dir}/ca.pem verify required', ['--state-dir', '{dir}/state']);
    const write = (name: string, text: string) => {
      const path = join(run.dir, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const [ca, cert, key] = [
      write('lb.crt', own.certificate),
      write('anna.crt', anna.certificate),
      write('anna.key', anna.key),
    ];
    const target = { address: `tcp:127.0.0.1:${run.port('control')}`, tls: true, ca, cert, key, servername: 'lb.test' };
    const env = { ...process.env, SLUICE_TARGETS: write('targets.json', JSON.stringify({ lb: target })) };
    const operate = (...words: string[]) => {
      const { stdout, stderr } = spawnSync(program, [...words, '--target', 'lb'], { encoding: 'utf8', env });
      return stdout + stderr;
    };
    assert.match(operate('server-maxconn', 'app/app1', '7', '--reason', 'from afar'), /app\/app1 maxconn: 0 -> 7/);
    assert.match(operate('show', 'app/app1'), /maxconn +7 +\(override by anna, .*"from afar"/);
  });

  test('does not answer in plain text', async (t) => {
    const run = await begin(t, '');
    const answer = await within(
      new Promise<string>((resolve) => {
        let text = '';
        const socket = connectPlain(run.port('control'), '127.0.0.1', () => socket.write('show info\n'));
        socket.on('data', (bytes) => (text += bytes.toString('latin1')));
        socket.on('error', () => resolve(text));
        socket.on('close', () => resolve(text));
      }),
      'the end of the connection',
    );
    assert.doesNotMatch(answer, /Name:/);
    assert.match(await ask(run, 'show info'), /^Name: /);
  });

  test('with verify optional refuses a certificate that is no good', async (t) => {
    const run = await begin(t, 'ca-file {dir}/ca.pem verify optional');
    assert.match(await ask(run, 'show info'), /^Name: /);
    assert.match(await ask(run, 'show info', as(anna)), /^Name: /);
    assert.match(await ask(run, 'show info', as(eve)), /^(ERR_SSL|ECONNRESET|$)/);
  });

  test('shows a new certificate after a reload, and the old one when the new one is no good', async (t) => {
    const run = await begin(t, '');
    const other = issue({ name: 'new.test', dns: ['new.test'] });
    const shown = () =>
      within(
        new Promise<string>((resolve, reject) => {
          const socket = connect({ port: run.port('control'), host: '127.0.0.1', rejectUnauthorized: false }, () => {
            resolve(String(socket.getPeerCertificate().subject.CN));
            socket.destroy();
          });
          socket.on('error', reject);
        }),
        'a handshake',
      );
    assert.equal(await shown(), 'lb.test');
    writeFileSync(join(run.dir, 'other.pem'), other.pem);
    copyFileSync(join(run.dir, 'other.pem'), join(run.dir, 'own.pem'));
    await run.cli('reload');
    await until('the new certificate', async () => (await shown()) === 'new.test');
    writeFileSync(join(run.dir, 'own.pem'), 'nothing');
    await run.cli('reload');
    assert.equal(await shown(), 'new.test');
  });

  test('is refused with what it lacks', async () => {
    const told = async (options: string) =>
      (await runToEnd(config(options), { files, argv: ['-c', '-f', '{config}'] })).stderr;
    assert.match(await told('verify required'), /'verify required' needs a 'ca-file'/);
    assert.match(await told('crt {dir}/ca.pem'), /'ssl' needs one 'crt'/);
    assert.match(await told('alpn h2'), /'alpn' is not supported here: it is for 'bind' lines of proxies/);
    const { stderr } = await runToEnd(config('').replace('crt {dir}/own.pem', 'crt {dir}/none.pem'), { files });
    assert.match(stderr, /none\.pem.*: stats socket ipv4@127\.0\.0\.1:\d+ \(.*haproxy\.cfg:4\)/);
  });

  test('may be reached from elsewhere where certificates are required', async () => {
    const at = async (options: string) =>
      (
        await runToEnd(config(options).replace('{addr:control}', '0.0.0.0:{port:control}'), {
          files,
          argv: ['-c', '-f', '{config}'],
        })
      ).code;
    assert.equal(await at('ca-file {dir}/ca.pem verify required'), 0);
    assert.equal(await at(''), 1);
  });
});
