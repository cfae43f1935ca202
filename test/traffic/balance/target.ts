import type { Target } from '../../../src/traffic/balance/types.ts';

/** A server as balancers see it, whose state a test sets at will. */
export class TestTarget implements Target {
  readonly id: number;
  weight: number;
  usable = true;
  draining = false;
  backup = false;
  running = 0;
  waiting = 0;
  maxconn = 0;
  view: { host: string | null; family: 'inet' | 'inet6' | 'unix' | 'abns'; port: number; maxqueue: number };
  config: { hashKey: 'id' | 'addr' | 'addr-port' };

  /** `userWeight` as in the configuration, 0..256. */
  constructor(id: number, userWeight = 1) {
    this.id = id;
    this.weight = userWeight * 16;
    this.view = { host: `127.0.0.${id % 256}`, family: 'inet', port: 80, maxqueue: 0 };
    this.config = { hashKey: 'id' };
  }

  served(): number {
    return this.running;
  }

  queued(): number {
    return this.waiting;
  }

  limit(): number {
    return this.maxconn;
  }
}
