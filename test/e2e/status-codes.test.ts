import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { runToEnd, start, unlessHaproxy26 } from '../support/program.ts';

const config = (codes: string): string => `
    global
        stats socket {sock:admin} level admin
        ${codes}
    listen web
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
        bind {addr:web}
        stick-table type string size 10 store http_err_cnt,http_fail_cnt
        http-request track-sc0 str(all)
        server app {addr:app}
`;

test(
  'http-err-codes and http-fail-codes say which statuses count as errors and failures',
  unlessHaproxy26('does not know them'),
  async (t) => {
    const app = await origin(t, ({ target }) => ({ status: Number(target.slice(1)) }));
    const run = await start(t, config('http-err-codes 400-403,410 -402\n        http-fail-codes +404,501 -503'), {
      ports: { app },
    });
    for (const status of [400, 402, 403, 404, 410, 429, 500, 501, 503, 505]) await get(run.port('web'), `/${status}`);
    assert.match(await run.cli('show table web'), /http_err_cnt=3 http_fail_cnt=3/);
  },
);

test('what is no range of statuses is refused', unlessHaproxy26('does not know them'), async () => {
  for (const codes of ['http-err-codes', 'http-err-codes 99', 'http-err-codes 400-600', 'http-fail-codes 5xx']) {
    const exit = await runToEnd(config(codes).replace('{addr:app}', '127.0.0.1:1'), { argv: ['-c', '-f', '{config}'] });
    assert.equal(exit.code, 1, codes);
    assert.match(exit.stderr, /:4\] : 'http-(err|fail)-codes'/);
  }
});
