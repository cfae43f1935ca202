import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { pause } from '../support/wait.ts';

// A process that does not run for a while, as on a machine that is busy or suspended.

suite('while the process is held up', () => {
  for (const driver of ['io_uring', 'libuv'] as const)
    test(`a response that comes in time is in time (${driver})`, async (t) => {
      const app = await origin(t, async () => {
        run.signal('SIGSTOP');
        await pause(50);
        return { body: 'in time' };
      });
      const run = await start(
        t,
        `
global
    ${driver === 'libuv' ? 'nouring' : ''}
${httpDefaults('timeout server 300ms')}
listen web
    bind {addr:web}
    server app {addr:app}
`,
        { ports: { app } },
      );
      const client = await connect(t, run.port('web'));
      const answer = client.exchange('GET / HTTP/1.1\nHost: a\n\n');
      await app.nextRequest();
      await pause(700);
      run.signal('SIGCONT');
      assert.equal((await answer).text, 'in time');
    });
});
