import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashes } from '../crash/crashes.ts';

/** `npm run crash` does more of them. */
const KILLS = 10;
const SEED = Date.now() % 1_000_000;

test(`no acknowledged change is lost in ${KILLS} kills (seed ${SEED})`, {
  timeout: 60_000 + KILLS * 12_000,
}, async (t) => {
  const made = await crashes(t, { kills: KILLS, seed: SEED, tell: () => undefined });
  t.diagnostic(`${made} changes acknowledged`);
  assert.ok(made > KILLS / 2, `only ${made} changes were made`);
});
