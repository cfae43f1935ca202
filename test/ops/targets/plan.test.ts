/** Plans of two configurations, made live on a real HAProxy, against a HAProxy that is started on the new one. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { planChanges } from '../../../src/config/diff/plan-changes.ts';
import { planText } from '../../../src/config/diff/text.ts';
import { parseDocument } from '../../../src/config/document.ts';
import { type Run, start } from '../../support/program.ts';
import { HAPROXY, meta, target } from './support.ts';

const OLD = `
global
    stats socket {sock:admin} level admin
    maxconn 500
    maxsslrate 100
defaults base
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    default-server inter 60s weight 10
frontend www from base
    bind {addr:web}
    maxconn 100
    default_backend app
frontend other from base
    bind {addr:other}
    maxconn 100
    default_backend app
backend app from base
    balance roundrobin
    dynamic-cookie-key abc
    cookie SRV insert dynamic
    server a 127.0.0.1:10001
    server b 127.0.0.1:10002 weight 20 maxconn 5
    server c 127.0.0.1:10003 disabled check port 10010 addr 127.0.0.1
    server d 127.0.0.1:10004
    server e 127.0.0.1:10005 check agent-check agent-port 10011 agent-send x agent-inter 60s
    server f 127.0.0.1:10006
`;

const NEW = OLD.replace('maxconn 500', 'maxconn 400 # less')
  .replace('    maxsslrate 100\n', '    maxsessrate 50\n')
  .replace('inter 60s weight 10', 'weight 11 inter 60s')
  .replace('bind {addr:web}\n    maxconn 100', 'bind {addr:web}\n    maxconn 80')
  .replace('key abc', 'key "abcd"')
  .replace('server b 127.0.0.1:10002 weight 20 maxconn 5', 'server b 127.0.0.1:10012 weight 30')
  .replace('disabled check port 10010', 'check port 10020')
  .replace('    server d 127.0.0.1:10004\n', '')
  .replace('agent-port 10011', 'agent-port 10021')
  .replace('server f 127.0.0.1:10006', 'server f 127.0.0.2:10006 disabled')
  .concat('    server g 127.0.0.1:10007 weight 7 maxconn 9\n    server h 127.0.0.1:10008 disabled\n');

/** What operators can change and HAProxy tells, without what time and checks add. */
async function told(run: Run): Promise<unknown> {
  const info = await run.info();
  const stat = await run.stat();
  const servers = await run.serversState();
  return {
    limits: ['Maxconn', 'SslRateLimit', 'SessRateLimit', 'ConnRateLimit'].map((name) => `${name} ${info[name]}`),
    frontends: stat
      .filter((row) => row['svname'] === 'FRONTEND')
      .map((row) => [row['pxname'], row['slim'], row['status']]),
    maxconn: stat
      .filter((row) => row['pxname'] === 'app' && row['svname'] !== 'BACKEND')
      .map((row) => [row['svname'], row['slim']]),
    servers: servers.map((row) => [
      row['srv_name'],
      `${row['srv_addr']}:${row['srv_port']}`,
      `weight ${row['srv_uweight']}`,
      // What the file said at the start (4) is still told of a server that is ready by now.
      Number(row['srv_admin_state']) & 0x23 ? 'maintenance' : 'ready',
      `check ${row['srv_check_addr']}:${row['srv_check_port']}`,
      // HAProxy tells a port of agents, too, where there is none.
      row['srv_name'] === 'e' ? `agent ${row['srv_agent_addr']}:${row['srv_agent_port']}` : 'no agent',
    ]),
  };
}

describe('a plan on a real HAProxy', { skip: existsSync(HAPROXY) ? false : 'haproxy is not installed' }, () => {
  it('that is all live leaves it as one that is started on the new file', async (t) => {
    const [run, other] = [await start(t, OLD, { program: HAPROXY }), await start(t, NEW, { program: HAPROXY })];
    const before = await told(run);
    const plan = planChanges([parseDocument('haproxy.cfg', OLD)], [parseDocument('haproxy.cfg', NEW)], {
      on: 'haproxy',
    });
    assert.equal(plan.effect, 'live', planText(plan));
    const lb = await target(t, run.sock('admin'));
    const applied = await lb.apply(plan.changes, meta());
    assert.ok(applied.ok, `${applied.text} ${applied.outcomes.map(({ text }) => text).join('\n')}\n${planText(plan)}`);
    assert.notDeepEqual(await told(run), before);
    assert.deepEqual(await told(run), await told(other));
  });
});
