import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Lane } from '../../src/api/lane.ts';
import { render } from '../../src/api/render.ts';
import type { RenderRequest } from '../../src/model/messages.ts';
import { proxyConfig } from '../control/fixture.ts';
import { controlOf } from './support.ts';

const scrape: RenderRequest = {
  kind: 'render',
  service: 'prometheus',
  proxy: 1,
  request: 1,
  uri: '/metrics',
  method: 'GET',
  body: '',
  headers: [],
  admin: false,
  source: '192.0.2.1',
};

suite('services', () => {
  test('are rendered one after the other, and refused when too many wait', async () => {
    const control = controlOf([proxyConfig('fe', 1, { kind: 'frontend' })]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => render(control, scrape)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 16);
    assert.equal(answers.filter(({ status }) => status === 503).length, 4);
    assert.equal((await render(control, scrape)).status, 200);
  });

  test('of another kind get their own answer', async () => {
    const control = controlOf([proxyConfig('fe', 1, { kind: 'frontend' })]);
    assert.equal((await render(control, { ...scrape, service: 'stats' })).status, 503);
    assert.equal((await render(control, { ...scrape, service: 'stats', method: 'POST' })).status, 503);
  });
});

suite('the lane', () => {
  test('keeps the order, goes on after a failure, and is free again in the end', async () => {
    const lane = new Lane(3);
    const order: number[] = [];
    const works = [1, 2, 3].map((n) =>
      lane.run(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push(n);
        if (n === 2) throw new Error('two');
        return n;
      }),
    );
    assert.ok(lane.full);
    const results = await Promise.allSettled(works);
    assert.deepEqual(order, [1, 2, 3]);
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']); // biome-ignore format: short
    assert.ok(!lane.full);
  });
});
