/** Who may use the API: users with passwords, from the service's file or a userlist. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Hashing } from './hashing.ts';

export interface User {
  readonly name: string;
  /** The password itself (`insecure`), or its hash as crypt(3) makes it: `$1$`, `$5$`, `$6$`. */
  readonly password: string;
  readonly insecure: boolean;
}

/** What became of a login: `busy` when it could not be tried. */
export type Login = 'ok' | 'wrong' | 'busy' | 'limited';

/** Good logins that are remembered, and how long, ms: a hash takes milliseconds of a processor. */
const REMEMBERED = 1024;
const REMEMBERED_MS = 300_000;
/** Failed logins from an address within a time, ms, after which it has to wait. */
const MOST_FAILED = 10;
const FAILED_MS = 60_000;
const MOST_ADDRESSES = 10_000;
/** What an unknown user is compared with, so that it takes as long. */
const NOBODY = '$6$nobody$kIGLPSrHtHsjNvgOjmRQXaQpXJBhmqCBGnfXTRZ4Ab4lS9KxTCZBhKiyFHxmZMz5xAoSqcAhg0rmL1hDiEXYP1';

export class Accounts {
  readonly #users: () => Promise<readonly User[]>;
  readonly #hashing: Hashing;
  readonly #key = randomBytes(32);
  readonly #good = new Map<string, number>();
  readonly #failed = new Map<string, { count: number; until: number }>();

  /** `users` is asked at each login: the file that they are in may change. */
  constructor(users: () => Promise<readonly User[]>, hashing: Hashing) {
    this.#users = users;
    this.#hashing = hashing;
  }

  async login(name: string, password: string, address: string): Promise<Login> {
    const users = await this.#users();
    const user = users.find((one) => one.name === name);
    const now = performance.now();
    // What is remembered is no use to who reads memory later, and ends with the password that is set.
    const entry = createHmac('sha256', this.#key)
      .update(JSON.stringify([name, password, user?.password]))
      .digest('base64');
    if (user !== undefined && (this.#good.get(entry) ?? 0) > now) return 'ok';
    if (this.#isLimited(address, now)) return 'limited';
    const right = user === undefined ? await this.#nobody(password) : await this.#check(user, password);
    if (right === null) return 'busy';
    if (!right) {
      this.#fail(address, now);
      return 'wrong';
    }
    if (this.#good.size >= REMEMBERED) this.#good.delete(this.#good.keys().next().value!);
    this.#good.set(entry, now + REMEMBERED_MS);
    return 'ok';
  }

  async #nobody(password: string): Promise<boolean | null> {
    return (await this.#hashing.check(password, NOBODY)) === null ? null : false;
  }

  async #check({ password: known, insecure }: User, password: string): Promise<boolean | null> {
    if (!insecure) return this.#hashing.check(password, known);
    const digest = (text: string) => createHmac('sha256', this.#key).update(text).digest();
    return timingSafeEqual(digest(known), digest(password));
  }

  #isLimited(address: string, now: number): boolean {
    const failed = this.#failed.get(address);
    if (failed === undefined) return false;
    if (failed.until <= now) this.#failed.delete(address);
    return failed.until > now && failed.count >= MOST_FAILED;
  }

  #fail(address: string, now: number): void {
    const failed = this.#failed.get(address) ?? { count: 0, until: 0 };
    failed.count++;
    failed.until = now + FAILED_MS;
    if (this.#failed.size >= MOST_ADDRESSES) this.#failed.delete(this.#failed.keys().next().value!);
    this.#failed.set(address, failed);
  }
}
