import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UringConn } from '../../src/net/uring/conn.ts';
import { Kind, type Ring } from '../../src/net/uring/ring.ts';

const SIZE = 64;

/** A connection on a ring that is played by the test: what it submits is noted, completions come as the test says. */
function played() {
  const received = Buffer.alloc(8 * SIZE);
  const later: (() => void)[] = [];
  const cancelled: number[] = [];
  const left: number[] = [];
  const ring = {
    sqes: new Uint32Array(16),
    buffers: { size: SIZE },
    received,
    arena: Buffer.alloc(1024),
    resources: { addDescriptor() {}, deleteDescriptor() {} },
    join: () => 0,
    leave: (slot: number) => left.push(slot),
    submit: () => 0,
    cancel: (_slot: number, kind: number) => cancelled.push(kind),
    soon: (work: () => void) => later.push(work),
  } as unknown as Ring;
  const heard: string[] = [];
  const conn = new UringConn(ring, 1000, {
    onData: (buffer, start, end) => void heard.push(Buffer.from(buffer.subarray(start, end)).toString()),
    onEnd: () => void heard.push('end'),
    onDrain() {},
    onError: (code) => void heard.push(code),
    onConnect() {},
  });
  const come = (text: string, id: number, more = true) => {
    received.write(text, id * SIZE);
    conn.complete(Kind.recv, text.length, id, more);
  };
  const end = () => conn.complete(Kind.recv, 0, -1, false);
  return { conn, heard, come, end, cancelled, left, later: () => later.splice(0).forEach((work) => void work()) };
}

test('what was held while reading was paused is told before what comes after, the end included', () => {
  const { conn, heard, come, end, later } = played();
  conn.start();
  come('one ', 0);
  conn.pause();
  come('two ', 1);
  conn.resume();
  come('three ', 2);
  end();
  assert.deepEqual(heard, ['one ']);
  later();
  assert.deepEqual(heard, ['one ', 'two ', 'three ', 'end']);
});

test('a reader that pauses again in the middle of what was held gets the rest later', () => {
  const { conn, heard, come, later } = played();
  conn.start();
  conn.pause();
  come('one ', 0);
  come('two ', 1);
  const { handler } = conn;
  conn.handler = {
    ...handler,
    onData(buffer, start, end) {
      handler.onData(buffer, start, end);
      conn.pause();
    },
  };
  conn.resume();
  later();
  assert.deepEqual(heard, ['one ']);
  conn.resume();
  later();
  assert.deepEqual(heard, ['one ', 'two ']);
});

test('a read that fills its buffer is the last that was not asked for', () => {
  const { conn, come, cancelled } = played();
  conn.start();
  come('few', 0);
  assert.deepEqual(cancelled, []);
  come('x'.repeat(SIZE), 1);
  come('y'.repeat(SIZE), 2);
  assert.deepEqual(cancelled, [Kind.recv]);
});

test('the place in the ring is free when the last operation is over, not before', () => {
  const { conn, left } = played();
  conn.start();
  conn.destroy();
  assert.deepEqual(left, []);
  conn.complete(Kind.recv, -125, -1, false);
  assert.deepEqual(left, [0]);
});
