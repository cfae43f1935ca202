import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { runToEnd, start } from '../support/program.ts';

const config = (acl: string) => `
global
  stats socket {sock:admin} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen app
  bind {addr:app}
  acl listed src -f {dir}/names.acl
  acl here ${acl}
  http-request deny deny_status 404 if listed
  http-request deny deny_status 410 if here
  http-request return status 200
`;
const files = { 'names.acl': '192.0.2.1\nlocalhost/24\n' };

suite('host names among the addresses of ACLs', () => {
  test('are looked up when the configuration is read, and stay names in listings', async (t) => {
    const run = await start(t, config('src localhost'), { files });
    const status = async () => (await fetch(`http://127.0.0.1:${run.port('app')}/`)).status;
    assert.equal(await status(), 404);
    assert.match(await run.cli('show acl #0'), /^0x\w+ 192\.0\.2\.1\n0x\w+ localhost\/24$/);
    assert.match(await run.cli('get acl #0 127.0.0.77'), /match=yes.*pattern="localhost\/24"/);
    await run.cli('del acl #0 localhost/24');
    assert.equal(await status(), 410);
    assert.match(await run.cli('get acl #0 127.0.0.77'), /match=no/);
    assert.match(
      await run.cli('add acl #0 elsewhere.invalid'),
      /'elsewhere\.invalid' is not a valid IPv4 or IPv6 address/,
    );
    assert.match(await run.cli('undo'), /\S/);
    assert.equal(await status(), 404, 'a name that is known can be put back');
  });

  test('are refused with the place where they have no address', async (t) => {
    const run = await start(t, config('src -n 192.0.2.9'), { files });
    const cases: readonly [acl: string, names: string, message: RegExp][] = [
      ['src -n localhost', '192.0.2.1\n', /'here' : 'localhost' is not a valid IPv4 or IPv6 address/],
      ['src nowhere.invalid', '192.0.2.1\n', /'here' : 'nowhere\.invalid' is not a valid IPv4 or IPv6 address/],
      ['src 192.0.2.9', '192.0.2.1\nno.invalid\n', /'no\.invalid' is not a valid .* at line 2 of file '.*names\.acl'/],
      ['src 192.0.2.9', 'localhost/99\n', /'localhost\/99' is not a valid IPv4 or IPv6 address at line 1/],
    ];
    for (const [acl, names, message] of cases) {
      const { stderr } = await runToEnd(config(acl), { files: { 'names.acl': names }, args: ['-c'] });
      assert.match(stderr, message);
    }
    writeFileSync(`${run.dir}/names.acl`, 'nowhere.invalid\n');
    assert.match(await run.cli('reload'), /nowhere\.invalid/);
    assert.match(await run.cli('show acl #0'), /localhost\/24/, 'a reload that finds no address changes nothing');
  });
});
