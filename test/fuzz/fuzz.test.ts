import { suite, test } from 'node:test';
import { mutate } from './mutate.ts';
import { targets } from './targets.ts';

const CASES = 150;

suite('variations of known inputs', async () => {
  for (const target of await targets()) {
    test(`${target.name}: are taken without a throw`, () => {
      for (let seed = 1; seed <= CASES; seed++) {
        try {
          target.run(mutate(target.corpus, target.words, seed));
        } catch (error) {
          throw new Error(`case ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }
});
