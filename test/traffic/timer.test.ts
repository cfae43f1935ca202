import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Timed, TimerWheel } from '../../src/traffic/timer.ts';

const TICK = 10;

/** A clock that moves when told to, with one alarm as the wheel uses it. */
class Clock {
  now = 1_000_003;
  #alarms: { at: number; fire: () => void }[] = [];

  readonly read = (): number => this.now;

  readonly setTimer = (ms: number, fire: () => void): (() => void) => {
    const alarm = { at: this.now + ms, fire };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  };

  get alarms(): number {
    return this.#alarms.length;
  }

  /** Lets `ms` pass; alarms ring in their order. `late`: all of them ring only at the end, as on a thread that was busy. */
  pass(ms: number, late = false): void {
    const until = this.now + ms;
    if (late) this.now = until;
    for (;;) {
      const next = this.#alarms.filter((alarm) => alarm.at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      this.#alarms = this.#alarms.filter((other) => other !== next);
      next.fire();
    }
    this.now = until;
  }
}

class Entry implements Timed {
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;
  /** What the model says: date at which it is due, 0 = not armed. */
  due = 0;
  fired = 0;
  onFire: (() => void) | null = null;
  readonly #clock: Clock;
  /** Dates that passed while the clock was not looked at do not count as late. */
  allowance = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  onTimeout(now: number): void {
    assert.ok(this.due !== 0, 'fired without being armed');
    assert.ok(this.due <= now, `fired ${this.due - now} ms early`);
    const late = this.#clock.now - this.due;
    assert.ok(late <= 2 * TICK + this.allowance, `fired ${late} ms late`);
    this.due = 0;
    this.fired++;
    this.onFire?.();
  }
}

const ENTRIES = 6;
const which = fc.nat(ENTRIES - 1);
const delay = fc.oneof(fc.nat(60), fc.nat(2_000), fc.nat(40_000), fc.constantFrom(10_230, 10_240, 10_250));
const step = fc.oneof(
  fc.record({ what: fc.constant('arm' as const), which, delay }),
  fc.record({ what: fc.constant('disarm' as const), which }),
  fc.record({ what: fc.constant('pass' as const), delay }),
  fc.record({ what: fc.constant('late' as const), delay }),
  // The handler of one entry arms or takes out another.
  fc.record({ what: fc.constant('chain' as const), which, other: which, delay, disarm: fc.boolean() }),
);

suite('timer wheel', () => {
  test('entries fire once, never early, and at most two ticks late, whatever happens to others', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clock = new Clock();
        const wheel = new TimerWheel(clock.read, clock.setTimer);
        const entries = Array.from({ length: ENTRIES }, () => new Entry(clock));
        const arm = (entry: Entry, after: number) => {
          entry.due = clock.now + after;
          entry.allowance = 0;
          wheel.arm(entry, entry.due);
        };
        const disarm = (entry: Entry) => {
          entry.due = 0;
          wheel.disarm(entry);
        };
        for (const one of steps) {
          if (one.what === 'arm') arm(entries[one.which]!, one.delay);
          else if (one.what === 'disarm') disarm(entries[one.which]!);
          else if (one.what === 'chain') {
            const other = entries[one.other]!;
            entries[one.which]!.onFire = () => (one.disarm ? disarm(other) : arm(other, one.delay));
          } else {
            for (const entry of entries) entry.allowance = one.what === 'late' ? one.delay : 0;
            clock.pass(one.delay, one.what === 'late');
            for (const entry of entries) {
              assert.ok(
                entry.due === 0 || entry.due > clock.now - 2 * TICK,
                `due since ${clock.now - entry.due} ms and has not fired`,
              );
            }
          }
        }
        for (const entry of entries) entry.onFire = null;
        clock.pass(200_000);
        assert.deepEqual(
          entries.map((entry) => entry.due),
          entries.map(() => 0),
        );
        assert.equal(wheel.count, 0);
        assert.equal(clock.alarms, 0, 'nothing is armed, nothing is waited for');
      }),
      { numRuns: 600 },
    );
  });

  test('a handler that arms a long timeout does not delay those of others', () => {
    const clock = new Clock();
    const wheel = new TimerWheel(clock.read, clock.setTimer);
    const [first, second] = [new Entry(clock), new Entry(clock)];
    const arm = (entry: Entry, after: number) => {
      entry.due = clock.now + after;
      wheel.arm(entry, entry.due);
    };
    first.onFire = () => arm(first, 30_000);
    arm(first, 100);
    arm(second, 200);
    clock.pass(250);
    assert.deepEqual([first.fired, second.fired], [1, 1]);
  });

  test('a date of 0 never fires, and a later date costs nothing', () => {
    const clock = new Clock();
    const wheel = new TimerWheel(clock.read, clock.setTimer);
    const entry = new Entry(clock);
    entry.due = clock.now + 100;
    wheel.arm(entry, entry.due);
    const slot = entry.timerSlot;
    wheel.arm(entry, clock.now + 5_000);
    assert.equal(entry.timerSlot, slot);
    wheel.arm(entry, 0);
    clock.pass(20_000);
    assert.equal(entry.fired, 0);
    assert.equal(wheel.count, 0);
  });

  test('a clock that is put back does not stop timers that are armed afterwards', () => {
    const clock = new Clock();
    const wheel = new TimerWheel(clock.read, clock.setTimer);
    const [before, after] = [new Entry(clock), new Entry(clock)];
    before.due = clock.now + 500;
    wheel.arm(before, before.due);
    clock.pass(100);
    clock.now -= 50_000;
    after.due = clock.now + 200;
    wheel.arm(after, after.due);
    clock.pass(300);
    assert.equal(after.fired, 1);
  });

  test('the system clock drives it when no other is given', async () => {
    const wheel = new TimerWheel(Date.now);
    const started = Date.now();
    await new Promise<void>((resolve) => {
      wheel.arm(
        { expires: 0, timerSlot: -1, timerNext: null, timerPrev: null, onTimeout: () => resolve() },
        started + 30,
      );
    });
    assert.ok(Date.now() >= started + 30);
  });
});

test('what came while the thread was held up is handled before timeouts that have passed meanwhile', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  t.after(() => client.destroy());
  const [peer] = (await once(server, 'connection')) as [Socket];
  t.after(() => peer.destroy());
  const wheel = new TimerWheel(Date.now);
  const order: string[] = [];
  const entry: Timed = {
    ...{ expires: 0, timerSlot: -1, timerNext: null, timerPrev: null },
    onTimeout: () => order.push('timeout'),
  };
  client.on('data', () => order.push('data'));
  wheel.arm(entry, Date.now() + 50);
  peer.write('x');
  const until = Date.now() + 150;
  while (Date.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(order, ['data', 'timeout']);
});
