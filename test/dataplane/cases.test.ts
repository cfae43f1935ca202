/**
 * Transcripts of the API: a configuration, requests with their answers, and what the file says in the end. `cases/*.case`, each
 *
 *     <configuration>
 *     ---
 *     PUT configuration/...           body as JSON on the next lines, up to `=>`
 *     => 200 {"...": ...}             status, and the answer where there is one
 *     ---
 *     <what differs of the file: `-` and `+` lines>
 *
 * `UPDATE_CASES=1` writes what was answered; look at it before it is kept.
 */

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { suite, test } from 'node:test';
import { parseDocument } from '../../src/config/document.ts';
import { differenceText } from '../../src/dataplane/store/difference.ts';
import { startService } from './support/service.ts';

const update = process.env['UPDATE_CASES'] === '1';

suite('transcripts of the Data Plane API', () => {
  for (const file of globSync(`${import.meta.dirname}/cases/*.case`).sort()) {
    test(basename(file, '.case').replaceAll('-', ' '), async (t) => {
      const text = readFileSync(file, 'utf8');
      const [config = '', script = ''] = text.split(/^---\n/m);
      const service = await startService(t, config);
      let told = '';
      for (const { line, body, expected } of requestsIn(script)) {
        const [method = '', path = ''] = line.split(' ');
        const { status, json, headers } = await service.ask(method, path, body === '' ? {} : { body });
        const reload = headers['reload-id'] === undefined ? '' : ' (reload)';
        const answer = `${status}${reload}${json === undefined ? '' : ` ${JSON.stringify(json)}`}`;
        told += `${line}\n${body === '' ? '' : `${body}\n`}=> ${answer}\n\n`;
        if (!update) assert.equal(answer, expected, line);
      }
      const before = parseDocument('haproxy.cfg', config);
      const difference = `${differenceText([before], [parseDocument('haproxy.cfg', service.text())]).replaceAll(/^haproxy\.cfg:\d+\n/gm, '')}\n`;
      const whole = `${config}---\n${told.trimEnd()}\n---\n${difference}`;
      if (update) writeFileSync(file, whole);
      else assert.equal(whole, text);
    });
  }
});

interface Request {
  readonly line: string;
  body: string;
  expected: string;
}

function requestsIn(script: string): Request[] {
  const requests: Request[] = [];
  for (const line of script.split('\n')) {
    const last = requests.at(-1);
    if (/^[A-Z]+ \S+$/.test(line)) requests.push({ line, body: '', expected: '' });
    else if (line.startsWith('=> ')) last!.expected = line.slice(3);
    else if (line !== '') last!.body += (last!.body === '' ? '' : '\n') + line;
  }
  return requests;
}
