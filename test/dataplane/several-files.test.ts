import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { besideHaproxy, CONFIG, withoutHaproxy } from './support/processes.ts';

const MORE = `# Theirs.
listen both
    bind 127.0.0.1:{port:both}   # here
    .if feature(OPENSSL)
    http-request set-header X-Tls yes
    .endif
    server s1 127.0.0.1:{port:s1} weight "\${WEIGHT-5}"
    server s2 "\${HOST-127.0.0.1}":{port:s2}
backend   other   # apart
\tserver t1 127.0.0.1:{port:t1} # tab
`;

test(
  'files that HAProxy reads one after the other are edited where each thing is, and the rest of them stays',
  withoutHaproxy,
  async (t) => {
    const api = await besideHaproxy(t, CONFIG, { files: { 'more.cfg': MORE }, more: ['more.cfg'] });
    const main = () => readFileSync(api.run.file, 'utf8');
    const more = () => readFileSync(join(api.run.dir, 'more.cfg'), 'utf8');
    const before = [main(), more()] as const;
    const version = async () => (await api.ask('GET', 'configuration/version'))[1] as number;
    const t1 = { name: 't1', address: '127.0.0.1', port: api.run.port('t1'), weight: 7 };
    const [put] = await api.ask('PUT', `configuration/backends/other/servers/t1?version=${await version()}`, t1);
    assert.equal(put, 200, 'in force without a reload');
    assert.equal(more(), before[1].replace(' # tab', ' weight 7 # tab'));
    const [posted] = await api.ask('POST', `configuration/backends?version=${await version()}&force_reload=true`, {
      name: 'new',
    });
    assert.equal(posted, 201);
    assert.equal(more(), `${before[1].replace(' # tab', ' weight 7 # tab')}\nbackend new\n`);
    assert.equal(main().replace(/^# _version=\d+\n/, ''), before[0]);
    const a1 = { name: 'a1', address: '127.0.0.1', port: api.run.port('a1'), weight: 3 };
    assert.equal(
      (await api.ask('PUT', `configuration/backends/app/servers/a1?version=${await version()}`, a1))[0],
      200,
    );
    assert.match(main(), /server a1 127\.0\.0\.1:\d+ {3}weight 3 # first/);
    assert.match(await api.run.cli('show servers state app'), / a1 127\.0\.0\.1 2 \d+ 3 /);
    assert.deepEqual((await api.ask('GET', 'configuration/listens'))[1], [{ name: 'both' }]);
  },
);
