/** Success and refusal, told from what programs say. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAnswer } from '../../src/client/answer.ts';
import { verdict } from '../../src/client/verdicts.ts';
import { splitWords } from '../../src/runtime/line.ts';

const recorded = join(import.meta.dirname, '../../../shared/runtime-api/golden');

/** Kind of a verdict, `ok` for none. */
const kind = (command: string, answer: string) =>
  verdict(splitWords(command), parseAnswer(answer))?.constructor.name ?? 'ok';

test('answers of HAProxy 3.5 without severities', {
  skip: existsSync(recorded) ? false : 'no recorded answers here',
}, () => {
  const wanted = readFileSync(join(import.meta.dirname, 'verdicts-3.5.txt'), 'utf8')
    .trim()
    .split('\n');
  assert.ok(wanted.length > 400);
  for (const line of wanted) {
    const [file, expected] = line.split(' ') as [string, string];
    const text = readFileSync(join(recorded, file), 'latin1');
    const end = text.indexOf('\n');
    const command = text
      .slice(0, end)
      .split('\\n')[0]!
      .replace(/ <<.*$/, '');
    assert.equal(kind(command, text.slice(end + 1)), expected, file);
  }
});

/** What HAProxy 2.6 answers with severities: refusals with warnings, success with words, errors that are none. */
const answers26: readonly (readonly [string, string, string])[] = [
  [
    'set server be/s1 addr 127.0.0.2',
    "[4]: IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'\n",
    'ok',
  ],
  ['set server be/s1 addr 127.0.0.2', "[4]: no need to change the addr by 'stats socket command'\n", 'ok'],
  [
    'set server be/s1 addr 127.0.0.1 port x',
    "[4]: no need to change the addr, problem converting port 'x' to an int by 'stats socket command'\n",
    'RefusedError',
  ],
  [
    'set server be/s1 addr 127.0.0.1 port +1',
    "[4]: IP changed from '127.0.0.3' to '127.0.0.1', can't change <port> to port map because it is incompatible with current health check port configuration (use 'port' statement from the 'server' directive. by 'stats socket command'\n",
    'RefusedError',
  ],
  ['set server be/s1 addr foo', "[4]: Invalid addr 'foo' by 'stats socket command'\n", 'RefusedError'],
  ['set server be/s2 check-port 100', '[4]: health checks are not enabled on this server', 'RefusedError'],
  ['set server be/s1 check-port 100', '', 'ok'],
  [
    'set server be/s3 fqdn foo.bar',
    "[4]: be/s3 changed its FQDN from localhost to foo.bar by 'stats socket command'\n",
    'ok',
  ],
  ['set server be/s3 fqdn foo.bar', "[4]: no need to change the FDQN by 'stats socket command'\n", 'ok'],
  [
    'set server be/s1 fqdn a',
    '[3]: set server <b>/<s> fqdn failed because no resolution is configured.\n',
    'RefusedError',
  ],
  ['disable frontend fe', '[5]: All sockets are already disabled.\n', 'ok'],
  ['shutdown frontend fe', '[5]: Frontend was already shut down.\n', 'ok'],
  ['enable frontend fe', '[3]: Frontend was previously shut down, cannot enable.\n', 'RefusedError'],
  ['add server be/n1 127.0.0.1:5', '[6]: New server registered.\n', 'ok'],
  ['del server be/n1', '[6]: Server deleted.', 'ok'],
  ['del server be/n1', '[3]: Only servers in maintenance mode can be deleted.', 'InUseError'],
  ['new ssl cert x.pem', "[5]: New empty certificate store 'x.pem'!\n", 'ok'],
  [
    'set ssl cert x.pem',
    "[3]: unable to load certificate from file 'x.pem'.\nCan't load the payload\nCan't update x.pem!\n",
    'RefusedError',
  ],
  ['del ssl cert x.pem', "[3]: Can't remove the certificate: certificate 'x.pem' doesn't exist!\n\n", 'NotFoundError'],
  [
    'del ssl cert x.pem',
    "[3]: Can't remove the certificate: certificate 'x.pem' in use, can't be deleted!\n\n",
    'InUseError',
  ],
  ['set maxconn global 100000000', '[3]: Value out of range.\n', 'OutOfRangeError'],
  ['add map @9 m k v', "[3]: Version number in the future, please use 'prepare map' before.\n", 'OutOfRangeError'],
  ['show sess 0x123', 'Session not found.\n', 'NotFoundError'],
  [
    'show proc',
    '[6]: Unknown command, but maybe one of the following ones is a better match:\n  show acl\n',
    'UnknownCommandError',
  ],
  ['', '[6]: Unknown command. Please enter one of the following commands only:\n  abort\n', 'UnknownCommandError'],
  ['show map m', '0x55 No such server\n', 'ok'],
  ['show env', 'No such=thing\nA=b\n', 'ok'],
  ['get weight be/s1', '10 (initial 10)\n', 'ok'],
  ['some new command', '[6]: Whatever it says\n', 'ok'],
  ['some new command', '[3]: Whatever it says\n', 'RefusedError'],
];

test('answers of HAProxy 2.6 with severities', () => {
  for (const [command, answer, expected] of answers26)
    assert.equal(kind(command, answer), expected, `${command}: ${answer}`);
});

test('JSON that quotes a refusal is none', () => {
  assert.equal(kind('show changes json', `[{"text":"certificate 'nope' doesn't exist!"}]\n`), 'ok');
  assert.equal(kind('show changes json', `[3]: [{"text":"certificate 'nope' doesn't exist!"}]\n`), 'NotFoundError');
});
