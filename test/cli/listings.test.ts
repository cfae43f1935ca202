import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { listingText } from '../../src/cli/listings.ts';

test('filters are listed by name, each with its identity', () => {
  equal(
    listingText(['flt']),
    `# List of registered filter names:
bwlim-in [BWLIM]
bwlim-out [BWLIM]
cache [CACHE]
comp-req [COMP]
comp-res [COMP]
compression [COMP]
trace [TRACE]
`,
  );
});
