import type { ConnHandler } from './transport.ts';

/** For connections that nobody listens to: not yet, or not any more. */
export const noHandler: ConnHandler = { onData() {}, onEnd() {}, onDrain() {}, onError() {}, onConnect() {} };
