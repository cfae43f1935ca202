import { connect } from 'node:net';
import { pause } from '../support/wait.ts';
import type { Sent } from './family.ts';
import type { Patience } from './talk.ts';
import { END } from './tcp-origin.ts';

/** Bytes of a client of TCP, and what it does behind them. */
export interface TcpSent extends Sent {
  /** In how many pieces, 20 ms apart. */
  readonly pieces: number;
  /** Waits for an answer, ends its side and waits, or goes by a reset. */
  readonly next: 'wait' | 'end' | 'reset';
}

/** What a client saw over one connection. */
export interface TcpHeard {
  readonly exchanges: readonly string[];
  readonly end: 'open' | 'end' | 'reset';
  /** Nobody listened. */
  readonly refused: boolean;
}

/** Sends one after the other over a connection, as long as it is there; `calm` is waited for before anything is done. */
export async function tcpTalk(
  to: { host: string; port: number },
  exchanges: readonly TcpSent[],
  patience: Patience,
  calm: () => Promise<void>,
): Promise<TcpHeard> {
  const socket = connect({ ...to, noDelay: true, allowHalfOpen: true });
  const state = { received: '', end: 'open' as TcpHeard['end'], refused: false, wake: () => {} };
  socket.on('data', (bytes) => {
    state.received += bytes.toString('latin1');
    state.wake();
  });
  socket.on('end', () => {
    if (state.end === 'open') state.end = 'end';
    state.wake();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    state.refused ||= error.code === 'ECONNREFUSED';
    state.end = 'reset';
    state.wake();
  });
  const change = (ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      state.wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  /** What comes until an answer is whole (or the end, when it is waited for), or nothing comes for a while. */
  const listen = async (toEnd: boolean): Promise<string> => {
    const whole = () => state.end !== 'open' || (!toEnd && state.received.includes(END));
    while (!whole() && (await change(patience.answer))) {}
    const { received } = state;
    state.received = '';
    return received;
  };
  const heard: string[] = [];
  // Whether the first bytes are there when the connection is taken would be a matter of luck.
  await pause(40);
  for (const { bytes, pieces, next } of exchanges) {
    await calm();
    if (state.end !== 'open') break;
    for (const [at, piece] of cut(bytes, pieces).entries()) {
      if (at > 0) await pause(20);
      await calm();
      socket.write(piece, 'latin1');
    }
    if (next === 'end') {
      // As would be whether a server is connected to by then.
      await pause(80);
      await calm();
      socket.end();
    }
    if (next === 'reset') {
      // Well before an inspect-delay is over.
      await pause(100);
      await calm();
      socket.resetAndDestroy();
      heard.push('');
      break;
    }
    heard.push(await listen(next === 'end'));
  }
  if (state.end === 'open' && !socket.destroyed) await change(patience.end);
  socket.destroy();
  return { exchanges: heard, end: state.end, refused: state.refused };
}

function cut(bytes: string, pieces: number): string[] {
  if (bytes === '') return [];
  const size = Math.ceil(bytes.length / pieces);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size));
}
