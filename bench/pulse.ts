import { createConnection } from 'node:net';

// A child of the bench: one request after another on one connection, 1 ms apart, and how long each one took.
// Arguments: the port. On SIGUSR2 it prints the longest wait in ms since the last SIGUSR2 and how many there were.

const socket = createConnection(Number(process.argv[2]), '127.0.0.1');
socket.setNoDelay(true);
let sent = 0;
let longest = 0;
let count = 0;

const send = (): void => {
  sent = performance.now();
  socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');
};
socket.on('connect', send);
socket.on('data', () => {
  longest = Math.max(longest, performance.now() - sent);
  count++;
  setTimeout(send, 1);
});
process.on('SIGUSR2', () => {
  process.stdout.write(`${longest.toFixed(2)} ${count}\n`);
  longest = 0;
  count = 0;
});
