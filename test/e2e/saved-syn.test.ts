import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { saveSynProblem } from '../../src/net/sockets.ts';
import { start } from '../support/program.ts';

/** Of a connection on the loopback: no options in IP, TTL 64; MSS 65495, SACK, timestamps, a blank, scale 10. */
const SYN =
  '4500003c535a40004006e95f7f0000017f000001b96ec997087b4a9900000000a002ffd7fe3000000204ffd70402080ab3fc6000000000000103030a';

const config = (driver: string) => `
global
  ${driver}
  stats socket {sock:admin} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend kept
  bind {addr:kept} tcp-ss 1
  tcp-request connection set-var(sess.syn) fc_saved_syn
  http-request return status 200 content-type text/plain lf-string "%[var(sess.syn),ip.src] %[var(sess.syn),ip.data,tcp.dst] %[var(sess.syn),ip.fp,hex] %[fc_saved_syn,ip.ver]"
frontend forgotten
  bind {addr:forgotten}
  http-request return status 200 content-type text/plain lf-string "[%[fc_saved_syn,hex]]"
frontend fixed
  bind {addr:fixed}
  http-request return status 200 content-type text/plain lf-string "%[bin(${SYN}),ip.fp,hex] %[bin(${SYN}),ip.fp(7),hex] [%[bin(${SYN.slice(0, 70)}),ip.fp,hex]]"
`;

suite('the first packet of a connection', () => {
  for (const driver of ['', 'nouring']) {
    test(`is kept where the bind line wants it${driver === '' ? '' : `, with ${driver}`}`, {
      skip: saveSynProblem() ?? false,
    }, async (t) => {
      const run = await start(t, config(driver));
      const text = async (name: string) => (await fetch(`http://127.0.0.1:${run.port(name)}/`)).text();
      const [source, port, fingerprint, version] = (await text('kept')).split(' ');
      assert.deepEqual([source, port], ['127.0.0.1', String(run.port('kept'))]);
      assert.match(fingerprint!, /^00[45]0[0-9A-F]{12}$/);
      assert.equal(version, '4', 'rules behind those of the connection have it, too');
      assert.equal(await text('forgotten'), '[]');
      assert.equal(await text('fixed'), '0050ABFFD7FFD747 0050ABFFD7FFD7474002040801037F000001 []');
      assert.doesNotMatch(run.stderr, /first packets/);
    });
  }
});
