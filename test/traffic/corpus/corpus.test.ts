import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { after, describe, test } from 'node:test';
import { isHaproxy } from '../../support/program.ts';
import { type Case, lanes, type Outcome, player, readCorpus } from './corpus.ts';

// Malformed and smuggling messages over real sockets: refused as HAProxy refuses them, or more strictly.

const { playRequest, playResponse } = await player({ after });

for (const kind of ['requests', 'responses'] as const) {
  for (const { file, cases } of readCorpus(kind)) {
    describe(`${kind}: ${basename(file, '.json')}`, { concurrency: lanes }, () => {
      for (const entry of cases) {
        test(`${entry.name} (${entry.source})`, async () => {
          const got = await (kind === 'requests' ? playRequest(entry, expected(entry)) : playResponse(entry));
          const stable = !entry.sluice?.why.includes('in some runs');
          if (stable || !isHaproxy) assert.deepEqual(comparable(got), comparable(expected(entry)));
        });
      }
    });
  }
}

test('the corpus has at least 150 cases, each with a name of its own', () => {
  const names = [...readCorpus('requests'), ...readCorpus('responses')].flatMap(({ cases }) =>
    cases.map((c) => c.name),
  );
  assert.ok(names.length >= 150, String(names.length));
  assert.equal(new Set(names).size, names.length);
});

function expected(entry: Case): Outcome {
  return isHaproxy ? entry.haproxy : (entry.sluice ?? entry.haproxy);
}

/** Everything but the reason of a difference. */
function comparable({ answers, state, forwarded }: Outcome): Outcome {
  return { answers, ...(state ? { state } : {}), ...(forwarded ? { forwarded } : {}) };
}
