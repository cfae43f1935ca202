/** Checks passwords against their hashes, which takes milliseconds each: in a thread of its own. */

import { parentPort } from 'node:worker_threads';
import { checkCrypt } from '../../expr/crypt.ts';

interface Question {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

parentPort!.on('message', ({ id, password, hash }: Question) => {
  let right = false;
  try {
    right = checkCrypt(password, hash);
  } catch {
    // No hash that can be checked is right.
  }
  parentPort!.postMessage({ id, right });
});
