import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { within } from '../support/wait.ts';

for (const [option, expected] of [
  ['', /^\r\n\r\n\0\r\nQUIT\n \0\0\0OPTIONS \//],
  ['pp2-never-send-local', /^\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01.{4}OPTIONS \//s],
] as const)
  test(`checks announced by PROXY protocol 2${option && `, with ${option}`}`, async (t) => {
    let told: (text: string) => void = () => {};
    const first = new Promise<string>((resolve) => {
      told = resolve;
    });
    const server = await tcpOrigin({ after }, async (c) => told(await c.through('OPT')));
    await start(
      t,
      `
global
    ${option}
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen a
    bind {addr:a}
    option httpchk
    server s {addr:server} send-proxy-v2 check inter 200ms
`,
      { ports: { server } },
    );
    assert.match(`${await within(first, 'a check')}IONS /`, expected);
  });
