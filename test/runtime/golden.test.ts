import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RUNTIME_VERSION } from '../../src/runtime/version.ts';
import { exchange, startApi, type TestApi } from './support.ts';

const recorded = join(import.meta.dirname, '../../../shared/runtime-api/golden');

/** Recorded answers that need no traffic and no Change's outcome: parsing, look-ups, levels, framing. */
const NAMES = `
add-server.missing add-server.no-addr add-server.no-slash clear-counters.all clear-counters.bad clear-counters
denied.oper.clear-all denied.user.set-weight disable-agent.none disable-frontend.backend disable-frontend.denied
disable-frontend.missing disable-frontend disable-health disable-health.unknown disable-server.no-slash
disable-server dyncookie.enable dyncookie.key-missing dyncookie.key empty-line enable-agent.none enable-agent
enable-frontend enable-frontend.unknown enable-server enable-server.unknown experimental-mode get-var.missing
get-var.unknown get-weight.missing get-weight.no-backend get-weight.no-server get-weight.no-slash
new.add-backend.badarg new.add-backend.missing new.add-server.help2 new.cmd-too-long new.del-backend.again
new.del-backend.missing new.empty new.get-weight.track new.level.oper.echo-x new.level.oper.show-defaults
new.level.oper.show-env-BENCH_VAR new.level.oper.wait-1 new.prompt.help new.prompt.i-then-prompt new.prompt.i
new.prompt.n new.prompt.p new.publish-backend.oper new.semicolons-empty new.show-default-server.be
new.show-default-server.unknown new.show-defaults new.show-sess.badarg new.unpublish-backend.missing
new.wait.badcond new.wait.be-unknown new.wait.help new.wait.missing new.wait.oper new.wait.srv-noname
new.wait.srv-unknown prompt.session quit set-maxconn-frontend.bad set-maxconn-frontend.noname
set-maxconn-global.bad set-maxconn-global.missing set-maxconn-global set-maxconn-server.bad
set-maxconn-server.missing set-maxconn-server.neg set-maxconn-server set-maxconn-server.unknown
set-maxconn-server.zero set-rate-limit.bad set-rate-limit.badscope set-rate-limit.comp set-rate-limit.none
set-server.addr-missing set-server.agent-addr-bad set-server.agent-addr-missing set-server.agent-addr-none
set-server.agent-bad set-server.agent-none set-server.agent-port-missing set-server.agent-port
set-server.agent-send-none set-server.agent-send set-server.agent-up set-server.badkw
set-server.check-port-missing set-server.fqdn-missing set-server.health-down set-server.health-stopping
set-server.missing set-server.no-backend set-server.no-server set-server.no-slash set-server.state-ready
set-server.weight-bad set-server.weight set-timeout.missing set-var.bad-expr set-var.missing set-var
set-weight.bad set-weight.missing set-weight.neg set-weight.no-backend set-weight.no-server set-weight.no-slash
set-weight.percent-over set-weight.percent set-weight.static-back set-weight.static-zero set-weight.zero
severity.bad severity.bind-number show-env.unknown show-errors.unknown show-events.stdout show-events.unknown
show-servers-state.id-nohash show-servers-state.unknown show-sess.unknown-id show-stat.domain-bad
shutdown-frontend shutdown-frontend.unknown shutdown-session.missing shutdown-session.ok
shutdown-sessions-server.ok shutdown-sessions-server.unknown
`
  .trim()
  .split(/\s+/);

describe('recorded answers of HAProxy 3.5', { skip: existsSync(recorded) ? false : 'no recordings here' }, () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  for (const name of NAMES) {
    it(`are given for ${name}`, async () => {
      const text = readFileSync(join(recorded, `${name}.txt`), 'latin1');
      const end = text.indexOf('\n');
      const sent = text.slice(0, end).replaceAll('\\n', '\n').replaceAll('\\\\', '\\');
      const answer = await exchange(socketOf(name, api), `${sent}\n`);
      assert.equal(
        answer.replaceAll(RUNTIME_VERSION, 'VERSION'),
        text.slice(end + 1).replace(/3\.5-dev5-[0-9a-f]+/g, 'VERSION'),
      );
    });
  }
});

/** The socket that a recording was made on, which its name tells. */
function socketOf(name: string, api: TestApi): string | number {
  if (name.endsWith('bind-number')) return api.port;
  if (/\buser\b/.test(name)) return api.path('user');
  return api.path(/\boper\b|frontend\.denied$/.test(name) ? 'operator' : 'admin');
}
