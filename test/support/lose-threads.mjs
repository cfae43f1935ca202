/*
 * Loaded into the program by NODE_OPTIONS=--import: at SIGPROF the traffic thread that was started first is ended, as a bug in it
 * would end it. Nothing in the program itself can be asked to do that.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

if (threads.isMainThread) {
  const started = [];
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      started.push(this);
    }
  };
  syncBuiltinESMExports();
  process.on('SIGPROF', () => started.shift()?.terminate());
}
