import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { filled, type Scaling, type Slot, slotCount } from '../../src/discovery/slots.ts';

const TEN: Scaling = { base: 10, growth: 'exponential', increment: 10 };
const LINEAR: Scaling = { base: 10, growth: 'linear', increment: 10 };

const servers = (...hosts: readonly number[]) => hosts.map((n) => ({ address: `10.0.0.${n}`, port: 80, weight: 128 }));

function names(): () => string {
  let n = 0;
  return () => `SRV_${++n}`;
}

const taken = (slots: readonly Slot[]) =>
  slots.filter(({ spare }) => !spare).map(({ name, address }) => `${name} ${address}`);

suite('how many slots there are', () => {
  test('as many as the base to begin with, twice as many when they do not do, half when half is more than enough', () => {
    const steps = [0, 3, 10, 11, 20, 21, 20, 19, 10, 9, 0];
    let now = 0;
    const counts = steps.map((wanted) => (now = slotCount(now, wanted, TEN)));
    assert.deepEqual(counts, [10, 10, 10, 20, 20, 40, 40, 20, 20, 10, 10]);
  });

  test('of linear growth the next multiple of the increment, always with one to spare', () => {
    const steps = [3, 9, 10, 19, 20, 19, 15, 10, 9, 1];
    let now = 0;
    const counts = steps.map((wanted) => (now = slotCount(now, wanted, LINEAR)));
    assert.deepEqual(counts, [10, 10, 20, 20, 30, 20, 20, 20, 10, 10]);
  });
});

suite('slots of a backend', () => {
  test('a server that has one keeps it, others take what is free, what nobody has is spare', () => {
    const next = names();
    const first = filled([], servers(1, 2, 3), TEN, next);
    assert.equal(first.length, 10);
    assert.deepEqual(taken(first), ['SRV_1 10.0.0.1', 'SRV_2 10.0.0.2', 'SRV_3 10.0.0.3']);
    const second = filled(first, servers(1, 3, 4, 5), TEN, next);
    assert.deepEqual(taken(second), ['SRV_1 10.0.0.1', 'SRV_2 10.0.0.4', 'SRV_3 10.0.0.3', 'SRV_4 10.0.0.5']);
    assert.deepEqual(second[5], { name: 'SRV_6', address: '127.0.0.1', port: 80, weight: 128, spare: true });
  });

  test('when there are to be fewer, spare ones go and no server moves', () => {
    const next = names();
    const many = filled([], servers(...Array.from({ length: 25 }, (_, i) => i + 1)), TEN, next);
    assert.equal(many.length, 40);
    const few = filled(many, servers(1, 24), TEN, next);
    assert.equal(few.length, 10);
    assert.deepEqual(taken(few), ['SRV_1 10.0.0.1', 'SRV_24 10.0.0.24']);
  });

  test('each server is in one slot, and the same again changes nothing, whatever there was', () => {
    const hosts = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 60 });
    const scaling = fc.record({
      base: fc.integer({ min: 1, max: 20 }),
      growth: fc.constantFrom('linear' as const, 'exponential' as const),
      increment: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(hosts, { minLength: 1, maxLength: 6 }), scaling, (rounds, how) => {
        const next = names();
        let slots: readonly Slot[] = [];
        for (const round of rounds) {
          const before = slots;
          slots = filled(slots, servers(...round), how, next);
          assert.deepEqual(
            slots
              .filter(({ spare }) => !spare)
              .map(({ address }) => address)
              .sort(),
            servers(...round)
              .map(({ address }) => address)
              .sort(),
          );
          assert.ok(slots.length >= how.base, `${slots.length} slots, the base is ${how.base}`);
          assert.equal(new Set(slots.map(({ name }) => name)).size, slots.length);
          for (const { name, address, spare } of before)
            if (!spare && round.includes(Number(address.split('.')[3])))
              assert.equal(slots.find((slot) => slot.name === name)?.address, address, 'it kept its slot');
          assert.deepEqual(filled(slots, servers(...round), how, next), slots);
        }
      }),
    );
  });
});
