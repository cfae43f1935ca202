import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { pause } from '../support/wait.ts';

/* `strict-maxconn`: no more connections to a server than `maxconn`, idle ones included. */

let most = 0;
/** A server that counts its connections once it knows of those that have ended. */
const counting = () => {
  const server = origin({ after }, async () => {
    await pause(20);
    most = Math.max(most, (await server).open);
    return { body: 'hi' };
  });
  return server;
};
const [web, other] = [await counting(), await counting()];
const run = await start(
  { after },
  `
global
    nbthread 4
    stats socket {sock:admin} level admin
defaults
    mode http
    http-reuse safe
    retries 0
    timeout connect 2s
    timeout queue 5s
    timeout client 5s
    timeout server 5s
frontend strict
    bind {addr:strict}
    default_backend strict
backend strict
    server s {addr:origin} maxconn 2 strict-maxconn
frontend plain
    bind {addr:plain}
    default_backend plain
backend plain
    server s {addr:other} maxconn 2
`,
  { ports: { origin: web, other } },
);

/** The most connections that the server has at once while clients of all threads ask. */
async function ask(port: string): Promise<number> {
  most = 0;
  const one = async () => {
    for (let round = 0; round < 3; round++) assert.equal((await get(run.port(port), '/')).status, 200);
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return most;
}

test('idle connections of all threads make room for new ones', async () => {
  assert.ok((await ask('plain')) > 2);
  assert.ok((await ask('strict')) <= 2, `${most} connections`);
  assert.equal((await run.row('strict/s'))['econ'], '0');
});

test('the limit holds as it is set live', async () => {
  await run.cli('set maxconn server strict/s 1');
  // There were two, and may be at first.
  await ask('strict');
  assert.ok((await ask('strict')) <= 1, `${most} connections`);
});
