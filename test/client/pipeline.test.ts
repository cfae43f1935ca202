/** Where answers end, however the bytes arrive. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type net from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Pipeline } from '../../src/client/pipeline.ts';

/** A socket that only the test gives bytes to. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  write(): boolean {
    return true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  ref(): void {}
  unref(): void {}
  resume(): void {}
}

const endpoint = { path: '/test', master: false };
const text = fc
  .string({ unit: fc.constantFrom('a', '>', ' ', '\n', '+', 'é'), maxLength: 20 })
  .filter((answer) => !`${answer}\n`.includes('\n> '));

describe('a pipeline', () => {
  it('gives each command its answer, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 40 }),
        async (answers, cuts) => {
          const socket = new FakeSocket();
          const pipeline = new Pipeline(socket as unknown as net.Socket, endpoint, () => {});
          const asked = answers.map(() => pipeline.ask(Buffer.from('x\n'), { payload: false, limit: 1000 }));
          let bytes = Buffer.from(answers.map((answer) => `${answer}\n> `).join(''));
          for (let i = 0; bytes.length > 0; i++) {
            const size = cuts[i % cuts.length]! + 1;
            socket.emit('data', bytes.subarray(0, size));
            bytes = bytes.subarray(size);
          }
          assert.deepEqual((await Promise.all(asked)).map(String), answers);
          assert.equal(pipeline.closed, false);
          assert.equal(pipeline.pending, 0);
        },
      ),
    );
  });

  it('settles every command and keeps little, whatever bytes arrive', async () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom(...['\n> ', '\n', '> ', 'master> ', 'x'.repeat(600)].map((one) => Buffer.from(one))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 20 }), fc.nat({ max: 4 }), async (chunks, commands) => {
        const socket = new FakeSocket();
        let closed = 0;
        const pipeline = new Pipeline(socket as unknown as net.Socket, endpoint, () => closed++);
        const asked = Array.from({ length: commands }, () =>
          pipeline.ask(Buffer.from('x\n'), { payload: false, limit: 1000 }),
        );
        for (const bytes of chunks) socket.emit('data', Buffer.from(bytes));
        socket.emit('end');
        const outcomes = await Promise.allSettled(asked);
        assert.equal(outcomes.length, commands);
        for (const outcome of outcomes) if (outcome.status === 'fulfilled') assert.ok(outcome.value.length <= 1000);
        assert.deepEqual([closed, socket.destroyed, pipeline.pending], [1, true, 0]);
      }),
    );
  });

  it('takes off what is printed while a payload is read', async () => {
    const socket = new FakeSocket();
    const pipeline = new Pipeline(socket as unknown as net.Socket, endpoint, () => {});
    const asked = pipeline.ask(Buffer.from('x\n'), { payload: true, limit: 1000 });
    for (const piece of ['+ ', '+', ' + ', '[3]: No', 'pe.\n\n> ']) socket.emit('data', Buffer.from(piece));
    assert.equal(String(await asked), '[3]: Nope.\n');
  });
});
