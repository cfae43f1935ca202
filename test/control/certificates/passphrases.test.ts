/** Encrypted keys, and a command that prints their passphrases. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyOpener } from '../../../src/control/certificates/passphrases.ts';

const folder = mkdtempSync(join(tmpdir(), 'passphrases-'));
after(() => rmSync(folder, { recursive: true }));

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encrypted = (passphrase: string) =>
  privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }) as string;

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o700 });
  return path;
}

const isOurs = (pem: string) => createPublicKey(createPrivateKey(pem)).equals(publicKey);

test('keys of all kinds are opened with what the command prints, with a line end behind or without', () => {
  const clear = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const old = (cipher: string) =>
    execFileSync('openssl', ['rsa', '-traditional', `-${cipher}`, '-passout', 'pass:secret word'], {
      input: clear,
      encoding: 'latin1',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  for (const pem of [encrypted('secret word'), old('aes128'), old('des3')]) {
    assert.match(pem, /ENCRYPTED/);
    for (const command of ["printf 'secret word'", "echo 'secret word'", "printf 'secret word\\r\\n'"])
      assert.ok(isOurs(keyOpener([script('print', command)])(pem, 'x.pem')), command);
  }
});

test('the command is given its words and the file, and asked anew only where what it printed before does not fit', () => {
  const log = join(folder, 'log');
  const command = script('ask', `echo "$@" >> ${log}\ncase "$2" in a*) echo first;; *) echo second;; esac`);
  const open = keyOpener([command, '--for']);
  for (const [file, passphrase] of [
    ['a1.pem', 'first'],
    ['a2.pem', 'first'],
    ['b.pem', 'second'],
    ['c.pem', 'first'],
    ['d.pem', 'second'],
  ] as const)
    assert.ok(isOurs(open(encrypted(passphrase), file)), file);
  assert.equal(readFileSync(log, 'latin1'), '--for a1.pem\n--for b.pem\n');
});

test('a command that prints no passphrase is told with the reason, and not asked again; what it prints is not told', () => {
  const log = join(folder, 'times');
  const failing: readonly (readonly [string, string])[] = [
    ['echo hidden; exit 3', "'ssl-passphrase-cmd' ended with status 3"],
    ['echo hidden; kill -9 $$', "'ssl-passphrase-cmd' was ended by SIGKILL"],
    ['echo', "'ssl-passphrase-cmd' printed nothing"],
    ['printf hidden; exec sleep 60', "'ssl-passphrase-cmd' printed no passphrase within 0.5 s"],
    [
      'while :; do echo hidden; done',
      "'ssl-passphrase-cmd' printed more than the 1024 bytes that a passphrase may have",
    ],
  ];
  for (const [body, reason] of failing) {
    writeFileSync(log, '');
    const open = keyOpener([script('fail', `echo asked >> ${log}\n${body}`)], 500);
    for (const file of ['a.pem', 'b.pem'])
      assert.throws(() => open(encrypted('x'), file), {
        message: `the private key in '${file}' is encrypted, and ${reason}`,
      });
    assert.equal(readFileSync(log, 'latin1'), 'asked\n', body);
  }
  assert.throws(() => keyOpener([join(folder, 'absent')])(encrypted('x'), 'a.pem'), {
    message: `the private key in 'a.pem' is encrypted, and 'ssl-passphrase-cmd' cannot be run: '${join(folder, 'absent')}': No such file or directory`,
  });
  assert.throws(() => keyOpener([script('wrong', 'echo hidden')])(encrypted('x'), 'a.pem'), {
    message: "the private key in 'a.pem' is encrypted, and what 'ssl-passphrase-cmd' printed does not open it",
  });
});
