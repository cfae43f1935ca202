/** Serves the Runtime API on descriptor 3 until its standard input ends; says the socket's name on its output. */
import { startRuntimeApi } from '../../src/runtime/server.ts';
import { bind, fakeControl } from './support.ts';

const api = await startRuntimeApi(fakeControl(), [bind({ family: 'fd', fd: 3 })], { maxconn: 10, timeout: 1000 });
console.log(api.sockets[0]!.name);
process.stdin.resume().on('end', () => void api.close());
