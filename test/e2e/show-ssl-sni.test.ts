/** `show ssl sni` and `show ssl providers`: as HAProxy 3.5 prints them. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { issue } from '../support/pki.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';

const day = 86_400_000;
const site = issue({ name: 'site.test', dns: ['site.test', 'www.site.test'], type: 'rsa' });
const wild = issue({ name: 'wild.test', dns: ['*.wild.test'] });
const ending = issue({ name: 'ending.test', dns: ['ending.test'], notAfter: Date.now() + 5 * day });
const ended = issue({
  name: 'ended.test',
  dns: ['ended.test'],
  notBefore: Date.now() - 9 * day,
  notAfter: Date.now() - day,
});
const NEW = unlessHaproxy26('does not know them');

describe('the names that certificates are shown for', NEW, async () => {
  if (NEW.skip !== false) return;
  const run = await start(
    { after },
    `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend first
    bind {addr:first} ssl crt {dir}/site.pem crt {dir}/ending.pem
frontend second
    bind {addr:second} ssl crt-list {dir}/list
    bind {addr:clear}
`,
    {
      files: {
        'site.pem': site.pem,
        'wild.pem': wild.pem,
        'ending.pem': ending.pem,
        'ended.pem': ended.pem,
        list: '{dir}/wild.pem *.wild.test !no.wild.test\n{dir}/ended.pem\n',
      },
    },
  );
  /** Place, name, what is left out, kind and file of each line, after the heading. */
  const shown = async (options: string): Promise<string[]> => {
    const [heading, ...lines] = (await run.cli(`show ssl sni${options}`)).split('\n').filter((line) => line !== '');
    assert.equal(heading, '# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore');
    const date = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT$/;
    return lines.map((line) => {
      const [place, name, negative, type, file, ...dates] = line.split('\t');
      assert.ok(dates.length === 2 && dates.every((one) => date.test(one)), line);
      assert.match(place!, /^(first|second)\/\S+\/haproxy\.cfg:\d+$/);
      return `${place!.replace(/\/\S+:/, ':')} ${name} ${negative!.trim()} ${type} ${file!.replace(/.*\//, '')}`;
    });
  };
  const first = [
    'first:10 site.test - rsa site.pem',
    'first:10 www.site.test - rsa site.pem',
    'first:10 ending.test - ecdsa ending.pem',
    'first:10 * - rsa site.pem',
  ];
  const second = [
    'second:12 ended.test - ecdsa ended.pem',
    'second:12 *.wild.test !no.wild.test ecdsa wild.pem',
    'second:12 * !no.wild.test ecdsa wild.pem',
  ];

  test('are listed, for all frontends or one', async () => {
    assert.deepEqual((await shown('')).toSorted(), [...first, ...second].toSorted());
    assert.deepEqual((await shown(' -f second')).toSorted(), second.toSorted());
    assert.equal((await run.cli('show ssl sni -f nobody')).trim(), "Didn't find the specified frontend");
  });

  test('are listed of certificates that have ended, or will have by then', async () => {
    assert.deepEqual(await shown(' -A'), second.slice(0, 1));
    assert.deepEqual((await shown(' -A -t 6d')).toSorted(), [first[2], second[0]].toSorted());
    assert.deepEqual(await shown(' -f first -A -t 6d'), [first[2]]);
  });

  test('providers are those of the library', async () => {
    assert.equal(await run.cli('show ssl providers'), 'Loaded providers : \n\t- default');
  });
});
