import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { formatReport, makeReport } from '../../src/config/report.ts';

const text = `global
    nbproc 4 # of old
    maxconn 10
backend b
    stick-table type ip size 1k
    server a 10.0.0.1:80 ssl crt x
    nonsense
    balance roundrobin
.if defined(NOPE)
    whatever
.endif
`;

describe('the report on a file', () => {
  const loaded = loadConfig({ texts: [{ name: 'x.cfg', text }], env: {}, exhaustive: true });
  const report = makeReport(loaded, [
    ...loaded.diagnostics,
    { severity: 'alert', at: { file: 'x.cfg', line: 8 }, text: 'said by another room' },
  ]);

  it('tells of each line whether it works, has no effect, is refused or is left out', () => {
    assert.deepEqual(
      report.rows.map((row) => `${row.line} ${row.status}`),
      [
        '1 works',
        '2 noticed',
        '3 works',
        '4 works',
        '5 refused',
        '6 refused',
        '7 refused',
        '8 refused',
        '9 works',
        '10 left out',
        '11 works',
      ],
    );
    assert.deepEqual(report.counts, { works: 5, noticed: 1, refused: 4, 'left out': 1 });
  });

  it('says what to do instead, once', () => {
    assert.equal(
      formatReport(report),
      `x.cfg:2: noticed: nbproc 4
    'nbproc' has no effect: there is one process; nbthread sets the number of traffic threads.
x.cfg:5: refused: stick-table type ip size 1k
    'stick-table' is not supported. Stick tables are not built into this version.
x.cfg:6: refused: server a 10.0.0.1:80 ssl crt x
    'ssl' is not supported. TLS is not built into this version: connect to the server in clear.
x.cfg:7: refused: nonsense
    unknown keyword 'nonsense' in 'backend' section
x.cfg:8: refused: balance roundrobin
    said by another room
x.cfg:10: left out: whatever
5 lines work, 1 have no effect here, 4 are refused, 1 are left out by conditions.
`,
    );
  });
});
