import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import { eventClock } from '../../src/net/event-clock.ts';

suite('the clock of events', () => {
  afterEach(() => eventClock.end());

  test('asks the system each time between events', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 });
    assert.equal(eventClock.now(), 1000);
    t.mock.timers.setTime(2000);
    assert.equal(eventClock.now(), 2000);
  });

  test('tells the date of the first look as long as the event lasts', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 });
    eventClock.begin();
    t.mock.timers.setTime(2000);
    assert.equal(eventClock.now(), 2000);
    t.mock.timers.setTime(3000);
    assert.equal(eventClock.now(), 2000);
  });

  test('forgets it with the next event, and when there is none', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 });
    eventClock.begin();
    eventClock.now();
    t.mock.timers.setTime(2000);
    eventClock.begin();
    assert.equal(eventClock.now(), 2000);
    eventClock.end();
    t.mock.timers.setTime(3000);
    assert.equal(eventClock.now(), 3000);
  });
});
